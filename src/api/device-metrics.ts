import type { FastifyInstance } from 'fastify';
import type { DeviceDescription } from '../registry/describe.ts';
import { type DevicesApi, seenBy } from './devices-routes.ts';
import { needs } from './guard.ts';

/** A scrape with more lines than this costs more than it tells: what is beyond is counted. */
const maxLines = 50_000;

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * `GET /metrics/devices`: what devices say, for Prometheus, apart from what the gateway says of itself. Those that the caller may see.
 */
export function addDeviceMetrics(app: FastifyInstance, devices: Pick<DevicesApi, 'summaries' | 'describe'>): void {
  app.get('/metrics/devices', needs('somebody'), (request, reply) => {
    const seen = seenBy(request.principal, devices.summaries()).filter(({ isIgnored }) => !isIgnored);
    const described = function* () {
      for (const { id } of seen) {
        const device = devices.describe(id);
        if (device !== undefined) yield device;
      }
    };
    return reply.type(contentType).send(deviceMetrics(described()));
  });
}

/**
 * Devices in Prometheus' text format. Numbers and truth values are gauges by device, field, unit and tags; texts are none. Without
 * timestamps: what a device said long ago is still the newest that it said, and how long ago has a metric of its own.
 */
export function deviceMetrics(devices: Iterable<DeviceDescription>): string {
  const values: string[] = [];
  const online: string[] = [];
  const silent: string[] = [];
  const messages: string[] = [];
  let left = 0;
  for (const device of devices) {
    const label = `device="${escaped(device.id)}"`;
    if (values.length + online.length >= maxLines) {
      left++;
      continue;
    }
    online.push(`headgate_device_online{${label}} ${device.presence === 'online' ? 1 : 0}`);
    messages.push(`headgate_device_messages_total{${label}} ${device.messages}`);
    if (device.silentSeconds !== null) silent.push(`headgate_device_silent_seconds{${label}} ${device.silentSeconds}`);
    for (const { name, tags, unit, value } of device.fields) {
      const number = numberOf(value);
      if (number === undefined) continue;
      const about = [`field="${escaped(name)}"`, ...(unit === null ? [] : [`unit="${escaped(unit)}"`])];
      if (tags !== undefined) about.push(`tags="${escaped(tags)}"`);
      values.push(`headgate_device_value{${[label, ...about].join(',')}} ${number}`);
    }
  }
  return [
    ...family('headgate_device_value', 'gauge', 'The newest value of a field.', values),
    ...family('headgate_device_online', 'gauge', 'Whether the device is there.', online),
    ...family('headgate_device_silent_seconds', 'gauge', 'How long ago it was heard.', silent),
    ...family('headgate_device_messages_total', 'counter', 'Messages of the device.', messages),
    ...family('headgate_devices_left_out', 'gauge', 'Devices that there was no room for here.', [
      `headgate_devices_left_out ${left}`,
    ]),
    '',
  ].join('\n');
}

function family(name: string, type: string, help: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

function numberOf(value: DeviceDescription['fields'][number]['value']): string | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
    case 'bigint':
      return String(value);
    case 'boolean':
      return value ? '1' : '0';
    default:
      return undefined;
  }
}

/** A label's value (Prometheus text format 0.0.4). */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
