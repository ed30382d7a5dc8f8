import type { Attribute } from '../../../core/device.ts';
import {
  type Codec,
  type CodecOutput,
  type CodecSighting,
  failed,
  type Hint,
  type Limits,
  measured,
  without,
} from '../../codec.ts';
import { textOf } from '../../json.ts';
import { Book, type BookLimits, bookLimits, type TopicUse } from './book.ts';
import { type ConfigTopic, configTopicOf, isOfConvention } from './config-topic.ts';
import { type Description, describe } from './description.ts';
import { fieldName } from './names.ts';
import { readState } from './read.ts';

/** A message that describes a device with all its entities has some tens of kilobytes. */
const maxConfigBytes = 1024 * 1024;
const statusTopic = 'homeassistant/status';

/**
 * Home Assistant's MQTT discovery: messages on `<prefix>/<component>/[<node>/]<object>/config` say which topics carry what.
 * What they taught is by their topics; an empty payload takes it back. Devices are named by their first identifier, else
 * connection, else node, else object id. See https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery.
 */
export function createHomeAssistantCodec(limits: BookLimits = bookLimits): Codec {
  const book = new Book(limits);
  return {
    decode({ topic, payload, limits }) {
      const at = configTopicOf(topic);
      // First, so that nobody stops a device from announcing itself by naming its discovery topic as the state topic of another.
      if (at !== undefined && (at.isDefaultPrefix || book.has(topic))) return learnt(book, topic, at, payload);
      const use = book.use(topic);
      if (use !== undefined) return heard(book, use, payload, limits);
      if (topic === statusTopic) return without('command');
      const talker = talkerOf(book, topic);
      if (talker !== undefined) return without('log', { device: talker });
      return at === undefined ? without('raw') : learnt(book, topic, at, payload);
    },
    claims(topic, payload) {
      const use = book.look(topic);
      // Sure, but less than a convention that knows its own topics: else a topic would be decoded by one before the discovery
      // message was heard, and by the other after a restart, and its device would become two. It gets the hints instead.
      if (use !== undefined) return { confidence: 0.9, reason: reasonOf(use) };
      if (topic === statusTopic)
        return { confidence: 0.98, reason: 'Home Assistant tells on it whether it is running' };
      const talker = talkerOf(book, topic);
      if (talker !== undefined) {
        const reason = `it is the log beside the availability topic of ${talker}, as ESPHome nodes have it`;
        return { confidence: 0.9, reason };
      }
      const at = configTopicOf(topic);
      if (at === undefined) return undefined;
      if (payload.length === 0) {
        if (!at.isDefaultPrefix && !book.has(topic)) return undefined;
        return {
          confidence: 0.98,
          reason: 'the empty payload on a discovery topic of Home Assistant takes an entity back',
        };
      }
      const text = payload.length > maxConfigBytes ? undefined : textOf(payload);
      const description = text === undefined ? undefined : describe(at, text);
      if (description === undefined || typeof description === 'string') return undefined;
      const what = at.component === 'device' ? 'a device with its entities' : `a ${at.component}`;
      return {
        confidence: 0.98,
        reason: `its topic and its keys are those of a Home Assistant discovery message for ${what}`,
      };
    },
    hints: (topic) => hintsOf(book.look(topic)),
  };
}

/**
 * The device whose log comes on a topic: ESPHome nodes write theirs to `<base>/debug`, beside `<base>/status`, and do not announce
 * it. Without this a node would be listed twice, once for what it measures and once for what it says.
 */
function talkerOf(book: Book, topic: string): string | undefined {
  if (!topic.endsWith('/debug')) return undefined;
  return book.look(`${topic.slice(0, -'debug'.length)}status`)?.watches[0]?.device;
}

function learnt(book: Book, topic: string, at: ConfigTopic, payload: Uint8Array): CodecOutput {
  if (payload.length === 0) {
    const was = book.forget(topic);
    const sightings = [was === undefined ? announcements : sightingAfter(book, was.device, was.isGone)];
    return without('discovery', { sightings, isLesson: true });
  }
  if (payload.length > maxConfigBytes) {
    return failed(`The discovery message has ${payload.length} bytes; up to ${maxConfigBytes} are read.`);
  }
  const text = textOf(payload);
  if (text === undefined) return failed('The discovery message is no UTF-8 text.');
  // An announcement that the entities move to a device's message, which comes next: until then they stay.
  if (/^\s*\{\s*"(?:migrate_discovery|migr_discvry)"\s*:\s*true\s*\}\s*$/.test(text)) {
    return without('discovery', { sightings: [announcements] });
  }
  const description = describe(at, text);
  if (description === undefined) return without('raw');
  if (typeof description === 'string') return failed(description);
  const wasKnown = book.has(topic);
  const { refusal, gone } = book.teach(topic, description, payload.length);
  if (refusal !== undefined) return failed(refusal);
  const sightings = [isOfOthers(description) ? announcements : introduced(book, description, wasKnown)];
  for (const device of gone) sightings.push({ device, isGone: true });
  return without('discovery', { sightings, isLesson: wasKnown || Book.isWorthKeeping(description) });
}

/** Whose messages the announcements of devices are that other conventions know. */
const announcements: CodecSighting = { device: 'discovery', name: 'Home Assistant discovery' };

/**
 * Whether the device is one that another convention knows, by its own name: Zigbee2MQTT, Tasmota and ESPHome announce their devices
 * to Home Assistant besides. It becomes a device here with the first of its messages that is decoded here, and not twice.
 */
function isOfOthers({ sighting, readers, availability }: Description): boolean {
  if (sighting.device.startsWith('zigbee2mqtt_')) return true;
  // Under a base topic of somebody's own, topics don't tell.
  const makers = sighting.attributes?.filter(([name]) => name === 'origin' || name === 'firmware') ?? [];
  if (makers.some(([, value]) => /zigbee2mqtt|esphome|tasmota/i.test(String(value)))) return true;
  const topics = [...readers, ...availability.flatMap((one) => one.topics)];
  return topics.length > 0 && topics.every(({ topic }) => isOfConvention(topic));
}

function introduced(book: Book, { sighting }: Description, wasKnown: boolean): CodecSighting {
  const known = book.device(sighting.device);
  const introduction = known?.introduce() ?? sighting;
  // When nothing needs mapping any more, that is said once.
  if (!wasKnown || known === undefined || known.needsMappingText !== '') return introduction;
  return withAttributes(introduction, [['needsMapping', '']]);
}

function sightingAfter(book: Book, device: string, isGone: boolean): CodecSighting {
  if (isGone) return { device, isGone };
  return { device, attributes: [['needsMapping', book.device(device)?.needsMappingText ?? '']] };
}

function withAttributes(sighting: CodecSighting, attributes: readonly Attribute[]): CodecSighting {
  return { ...sighting, attributes: [...(sighting.attributes ?? []), ...attributes] };
}

function heard(book: Book, use: TopicUse, payload: Uint8Array, limits: Limits): CodecOutput {
  if (isAsked(use)) return without('command', { device: use.commands[0]! });
  const text = textOf(payload);
  if (text === undefined || text === '') {
    return without('raw', { sightings: devicesOf(use).map((device) => ({ device })) });
  }
  const sightings = new Map<string, CodecSighting>();
  for (const [device, isThere] of use.watches.length > 0 ? book.hear(use, text) : []) {
    const introduction = book.device(device)?.introduce() ?? { device };
    sightings.set(device, { ...introduction, presence: isThere ? 'online' : 'offline' });
  }
  const isPresence = sightings.size > 0;
  // Whether a device is there can depend on what several topics said, also before a restart.
  const isLesson = isPresence && use.watches.some(({ rule }) => rule.availability.topics.length > 1);
  const found = use.readers.length === 0 ? undefined : readState(use.readers, text, limits);
  if (found?.excess !== undefined) return failed(found.excess);
  for (const device of devicesOf(use)) {
    const introduction = sightings.get(device) ?? book.device(device)?.introduce();
    const facts = found?.facts.get(device);
    if (facts !== undefined) sightings.set(device, withAttributes(introduction ?? { device }, facts));
    else if (introduction !== undefined) sightings.set(device, introduction);
    else if (found?.parts.length === 0) sightings.set(device, { device });
  }
  const more = {
    ...(sightings.size > 0 && { sightings: [...sightings.values()] }),
    ...(isLesson && { isLesson }),
  };
  if (found !== undefined && found.parts.length > 0) return measured(found.parts, found.isComplete, more);
  if (isPresence || found === undefined) return without('availability', more);
  return without(found.isEvent ? 'event' : 'raw', more);
}

/** It is what others ask of a device, and no device tells its state on it. */
function isAsked({ readers, watches, commands }: TopicUse): boolean {
  return readers.length === 0 && watches.length === 0 && commands.length > 0;
}

function devicesOf(use: TopicUse): string[] {
  return [...new Set(use.readers.map(({ device }) => device))];
}

function reasonOf(use: TopicUse): string {
  const { readers, watches, commands } = use;
  if (isAsked(use)) return `a Home Assistant discovery message names it as the command topic of ${commands[0]}`;
  const [reader] = readers;
  const others = readers.length > 1 ? ` and ${readers.length - 1} more` : '';
  if (reader !== undefined) {
    const what = reader.reading === 'attributes' ? 'attributes' : 'state';
    return `a Home Assistant discovery message names it as the ${what} topic of ${reader.name} (${reader.device})${others}`;
  }
  return `a Home Assistant discovery message names it as the availability topic of ${watches[0]?.device ?? 'a device'}`;
}

function hintsOf(use: TopicUse | undefined): readonly Hint[] {
  const hints: Hint[] = [];
  for (const { template, reading, label, part, unit } of use?.readers ?? []) {
    const path = template?.path?.join('.');
    if (path === undefined || reading === 'event' || reading === 'attributes') continue;
    hints.push({ path, name: fieldName(label, part), ...(unit !== undefined && { unit }) });
  }
  return hints;
}
