import { type Codec, type CodecOutput, type CodecSighting, failed, type Hint, measured, without } from '../../codec.ts';
import { textOf } from '../../json.ts';
import { Book, type BookLimits, bookLimits, type TopicUse } from './book.ts';
import { type ConfigTopic, configTopicOf } from './config-topic.ts';
import { describe } from './description.ts';
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
      const use = book.use(topic);
      if (use !== undefined) return heard(book, use, payload, limits);
      if (topic === statusTopic) return without('command');
      const at = configTopicOf(topic);
      return at === undefined ? without('raw') : learnt(book, topic, at, payload);
    },
    claims(topic, payload) {
      const use = book.look(topic);
      // Sure, but less than a convention that knows its own topics: else a topic would be decoded by one before the discovery
      // message was heard, and by the other after a restart, and its device would become two. It gets the hints instead.
      if (use !== undefined) return { confidence: 0.9, reason: reasonOf(use) };
      if (topic === statusTopic)
        return { confidence: 0.98, reason: 'Home Assistant tells on it whether it is running' };
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

function learnt(book: Book, topic: string, at: ConfigTopic, payload: Uint8Array): CodecOutput {
  if (payload.length === 0) {
    const was = book.forget(topic);
    const sightings: CodecSighting[] = was === undefined ? [] : [sightingAfter(book, was.device, was.isGone)];
    return without('discovery', { sightings, isLesson: true });
  }
  if (payload.length > maxConfigBytes) {
    return failed(`The discovery message has ${payload.length} bytes; up to ${maxConfigBytes} are read.`);
  }
  const text = textOf(payload);
  if (text === undefined) return failed('The discovery message is no UTF-8 text.');
  // An announcement that the entities move to a device's message, which comes next: until then they stay.
  if (/^\s*\{\s*"(?:migrate_discovery|migr_discvry)"\s*:\s*true\s*\}\s*$/.test(text)) return without('discovery');
  const description = describe(at, text);
  if (description === undefined) return without('raw');
  if (typeof description === 'string') return failed(description);
  const wasKnown = book.has(topic);
  const { refusal, gone } = book.teach(topic, description, payload.length);
  if (refusal !== undefined) return failed(refusal);
  const { sighting } = description;
  const needing = needsMapping(book, sighting.device, wasKnown);
  const sightings: CodecSighting[] = [
    { ...sighting, attributes: [...(sighting.attributes ?? []), ...needing] },
    ...gone.map((device) => ({ device, isGone: true })),
  ];
  return without('discovery', { sightings, isLesson: wasKnown || Book.isWorthKeeping(description) });
}

function sightingAfter(book: Book, device: string, isGone: boolean): CodecSighting {
  return isGone ? { device, isGone } : { device, attributes: needsMapping(book, device, true) };
}

/** Entities whose templates are beyond what is understood. When none is left, that is said once more. */
function needsMapping(book: Book, device: string, wasKnown: boolean): [string, string][] {
  const names = book.needsMapping(device);
  if (names.length === 0) return wasKnown ? [['needsMapping', '']] : [];
  const text = names.join(', ');
  return [['needsMapping', text.length > 500 ? `${text.slice(0, 500)}…` : text]];
}

function heard(book: Book, use: TopicUse, payload: Uint8Array, limits: Parameters<typeof readState>[2]): CodecOutput {
  const text = textOf(payload);
  if (text === undefined || text === '') return without('raw');
  const sightings: CodecSighting[] = [];
  let isLesson = false;
  for (const [device, isThere] of use.watches.length > 0 ? book.hear(use, text) : []) {
    sightings.push({ device, presence: isThere ? 'online' : 'offline' });
  }
  // Whether a device is there can depend on what several topics said, also before a restart.
  if (sightings.length > 0) isLesson = use.watches.some(({ rule }) => rule.availability.topics.length > 1);
  const more = { ...(sightings.length > 0 && { sightings }), ...(isLesson && { isLesson }) };
  if (use.readers.length === 0) return without('availability', more);
  const { parts, isComplete, isEvent, excess } = readState(use.readers, text, limits);
  if (excess !== undefined) return failed(excess);
  if (parts.length > 0) return measured(parts, isComplete, more);
  if (sightings.length > 0) return without('availability', more);
  if (isEvent) return without('event', { sightings: devicesOf(use).map((device) => ({ device })) });
  return without('raw', { sightings: devicesOf(use).map((device) => ({ device })) });
}

function devicesOf(use: TopicUse): string[] {
  return [...new Set(use.readers.map(({ device }) => device))];
}

function reasonOf({ readers, watches }: TopicUse): string {
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
