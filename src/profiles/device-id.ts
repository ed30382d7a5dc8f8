/** Names the device that a topic belongs to. Pure but for a bounded cache. */
export type DeviceNamer = (topic: string) => string;

/** The device on a serial port whose messages do not name it: no MQTT topic of the port's name is the same device. */
export function portDevice(port: string): string {
  return `serial:${port}`;
}

/** The device that is a unit of a Modbus bus, by its topic: such a device never names itself. */
export function unitDevice(topic: string): string {
  return `modbus:${topic}`;
}

const maxCached = 10_000;

/**
 * Patterns are topic filters in which one level is `{device}`: `sensors/{device}/#`. The first that matches names the
 * device; a topic that none matches is a device of its own, named by the whole topic, so that two devices never
 * become one by accident.
 */
export function createDeviceNamer(patterns: readonly string[]): DeviceNamer {
  if (patterns.length === 0) return (topic) => topic;
  const compiled = patterns.map(compile);
  const cache = new Map<string, string>();
  return (topic) => {
    let name = cache.get(topic);
    if (name === undefined) {
      name = topic;
      for (const pattern of compiled) {
        const found = pattern.exec(topic)?.[1];
        if (found !== undefined) {
          name = found;
          break;
        }
      }
      if (cache.size >= maxCached) cache.clear();
      cache.set(topic, name);
    }
    return name;
  };
}

function compile(pattern: string): RegExp {
  const levels = pattern.split('/').map((level) => {
    if (level === '{device}') return '([^/]+)';
    if (level === '+') return '[^/]*';
    return level.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  // A last # also stands for the parent level itself (MQTT 5.0 § 4.7.1.2).
  const open = levels.at(-1) === '#';
  if (open) levels.pop();
  return new RegExp(`^${levels.join('/')}${open ? '(?:/.*)?' : ''}$`, 's');
}
