import { components } from './components.ts';

/** What a discovery topic says: `<prefix>/<component>/[<node>/]<object>/config`. */
export interface ConfigTopic {
  /** A component of Home Assistant, or `device` for a message that describes all of a device. */
  readonly component: string;
  readonly node?: string;
  readonly objectId: string;
  /** The prefix is Home Assistant's own, so nothing else than a discovery message can be meant. */
  readonly isDefaultPrefix: boolean;
}

const isComponent = (level: string | undefined): level is string =>
  level !== undefined && (level === 'device' || components.has(level));

/** @returns undefined when a topic can be no discovery message's. The prefix may be any, also of several levels. */
export function configTopicOf(topic: string): ConfigTopic | undefined {
  if (!topic.endsWith('/config')) return undefined;
  const levels = topic.split('/');
  const objectId = levels.at(-2);
  if (objectId === undefined || objectId === '' || levels.length < 4) return undefined;
  const isDefaultPrefix = levels[0] === 'homeassistant';
  const at = isDefaultPrefix
    ? 1
    : levels.length >= 5 && isComponent(levels.at(-4))
      ? levels.length - 4
      : levels.length - 3;
  const component = levels[at];
  if (!isComponent(component)) return undefined;
  if (at === levels.length - 3) return { component, objectId, isDefaultPrefix };
  const node = levels[at + 1];
  if (at !== levels.length - 4 || node === undefined || node === '') return undefined;
  return { component, node, objectId, isDefaultPrefix };
}

const commandLevels = new Set(['set', 'cmnd', 'cmd', 'command']);

/** A topic on which something is asked for, so that what is on it is no state. */
export function isCommandTopic(topic: string): boolean {
  return topic.startsWith('cmnd/') || commandLevels.has(topic.slice(topic.lastIndexOf('/') + 1));
}

const conventions: readonly RegExp[] = [
  /^(?:zigbee2mqtt|shellies|tele|stat|homie|rtl_433|spBv1\.0|msh)\//,
  /^[^/]+\/(?:tele|stat)\//,
  /^shelly[^/]*\//,
  /^\/devices\/[^/]+\/controls\//,
  /\/(?:BT|433|SRFB|IR|RTL_433|LORA)toMQTT(?:\/|$)/,
  // ESPHome; the examples of Home Assistant's own documentation look the same.
  /^(?!homeassistant\/)[^/]+\/(?:[a-z_]+\/[^/]+\/(?:[a-z_]+\/)?state|status)$/,
];

/**
 * A topic by whose look another convention may know it. What carries such topics is a device of that convention in the first
 * place, and announced to Home Assistant besides.
 */
export function isOfConvention(topic: string): boolean {
  return conventions.some((pattern) => pattern.test(topic));
}
