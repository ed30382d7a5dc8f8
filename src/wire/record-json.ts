import type { Tag } from '../core/measurement.ts';
import type { DecodedGap } from './gap-reader.ts';
import { ClockQuality, GapReason, MessageKind, Priority } from './generated/headgate/v1/record.ts';
import { numberText } from './number-text.ts';
import type { DecodedField, DecodedRecord } from './record-reader.ts';

/** Texts remembered by each of the writer's memories; a full one is emptied. */
const maxKnown = 8192;

const priorities = namesOf(Priority);
const clockQualities = namesOf(ClockQuality);
const gapReasons = namesOf(GapReason);
const messageKinds = namesOf(MessageKind);

/** A record without what is JSON already. */
export type RecordBesides = Omit<DecodedRecord, 'fields' | 'tags'>;

/** What comes before a field's value, from the opening brace on, for one name and unit. */
interface FieldHead {
  readonly unit: string;
  readonly text: string;
}

/** The members between a record's times and its fields, which are the same in most records of a topic. */
interface Middle {
  readonly clockQuality: number;
  readonly priority: number;
  readonly source: string;
  readonly kind: number;
  readonly text: string;
}

/**
 * Writes records as proto3's JSON mapping has them (camelCase names, 64-bit integers as strings, bytes as base64, enums
 * as names, doubles that are no number as strings, defaults left out), with `traceId` in hex as everybody writes it, and with three additions for whoever reads a record
 * alone: `gateway` and `epoch` come first, `sequence` is always there, and `time` is filled from `receivedAt` when the
 * device gave none. An enum's number that this version does not know stays a number; a record with anything else that it
 * does not know comes with all its bytes, as `encoded`.
 *
 * It remembers what comes again and again in records, so keep one for as long as records come.
 */
export class RecordJson {
  readonly #quoted = new Map<string, string>();
  readonly #heads = new Map<string, FieldHead>();
  readonly #middles = new Map<string, Middle>();

  /** The start of every line of one gateway's epoch, up to the sequence. */
  prefix(gateway: string, epoch: string): string {
    return `{"gateway":${JSON.stringify(gateway)},"epoch":${JSON.stringify(epoch)},"sequence":"`;
  }

  /** One record as one line of JSON, without the line break. `prefix` is from {@link RecordJson.prefix}. */
  line(prefix: string, record: DecodedRecord): string {
    const { fields, tags } = record;
    return this.lineOf(prefix, record, fields.length > 0 ? this.fields(fields) : '', this.tags(tags));
  }

  /** The same when fields and tags are JSON already; an empty text when there are none. */
  lineOf(prefix: string, record: RecordBesides, fields: string, tags: string): string {
    let line = `${prefix + record.sequence}"`;
    if (record.deviceId !== '') line += `,"deviceId":${this.#quote(record.deviceId)}`;
    const time = record.time ?? record.receivedAt;
    if (time !== undefined) line += `,"time":"${time}"`;
    if (record.receivedAt !== undefined) line += `,"receivedAt":"${record.receivedAt}"`;
    line += this.#middle(record);
    if (fields !== '') line += `,"fields":${fields}`;
    if (tags !== '') line += `,"tags":${tags}`;
    if (record.payload !== undefined) line += `,"payload":"${base64(record.payload)}"`;
    if (record.profile !== '') line += `,"profile":${this.#quote(record.profile)}`;
    if (record.profileVersion !== 0) line += `,"profileVersion":${record.profileVersion}`;
    if (record.message !== 0) line += `,"message":${record.message}`;
    if (record.supersedes.length > 0) line += `,"supersedes":["${record.supersedes.join('","')}"]`;
    if (record.retained) line += ',"retained":true';
    if (record.traceId !== undefined) line += `,"traceId":"${record.traceId}"`;
    if (record.encoded !== undefined) line += `,"encoded":"${base64(record.encoded)}"`;
    if (record.gap !== undefined) line += `,"gap":${gapJson(record.gap)}`;
    return record.historical ? `${line},"historical":true}` : `${line}}`;
  }

  /** A record's `fields` as the JSON array they are in its line. */
  fields(fields: readonly DecodedField[]): string {
    let text = '[';
    for (let i = 0; i < fields.length; i++) {
      const { name, unit, value } = fields[i]!;
      const head = this.#head(name, unit);
      if (i > 0) text += ',';
      text += head;
      if (value !== undefined) text += (head === '{' ? '' : ',') + valueJson(value);
      text += '}';
    }
    return `${text}]`;
  }

  /** A record's `tags` as the JSON object they are in its line; empty when there are none. */
  tags(tags: readonly Tag[]): string {
    if (tags.length === 0) return '';
    const members = Array.from(new Map(tags), ([name, value]) => `${this.#quote(name)}:${this.#quote(value)}`);
    return `{${members.join(',')}}`;
  }

  #head(name: string, unit: string): string {
    const known = this.#heads.get(name);
    if (known !== undefined && known.unit === unit) return known.text;
    const members: string[] = [];
    if (name !== '') members.push(`"name":${JSON.stringify(name)}`);
    if (unit !== '') members.push(`"unit":${JSON.stringify(unit)}`);
    const text = `{${members.join(',')}`;
    remember(this.#heads, name, { unit, text });
    return text;
  }

  #middle({ clockQuality, priority, source, topic, kind }: RecordBesides): string {
    const known = this.#middles.get(topic);
    if (
      known?.source === source &&
      known.priority === priority &&
      known.clockQuality === clockQuality &&
      known.kind === kind
    ) {
      return known.text;
    }
    let text = '';
    if (clockQuality !== 0) text += `,"clockQuality":${nameOf(clockQualities, clockQuality)}`;
    if (priority !== 0) text += `,"priority":${nameOf(priorities, priority)}`;
    if (source !== '') text += `,"source":${this.#quote(source)}`;
    if (topic !== '') text += `,"topic":${this.#quote(topic)}`;
    if (kind !== 0) text += `,"kind":${nameOf(messageKinds, kind)}`;
    remember(this.#middles, topic, { clockQuality, priority, source, kind, text });
    return text;
  }

  /** A text that is likely to come again, in quotes. */
  #quote(text: string): string {
    const known = this.#quoted.get(text);
    if (known !== undefined) return known;
    const quoted = JSON.stringify(text);
    remember(this.#quoted, text, quoted);
    return quoted;
  }
}

/** Long keys are likely to be somebody's mistake, and are not worth the memory. */
function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  if (key.length > 256) return;
  if (memory.size >= maxKnown) memory.clear();
  memory.set(key, value);
}

function gapJson(gap: DecodedGap): string {
  const members: string[] = [];
  if (gap.reason !== 0) members.push(`"reason":${nameOf(gapReasons, gap.reason)}`);
  if (gap.rule !== '') members.push(`"rule":${JSON.stringify(gap.rule)}`);
  if (gap.deviceId !== '') members.push(`"deviceId":${JSON.stringify(gap.deviceId)}`);
  if (gap.count !== 0) members.push(`"count":"${gap.count}"`);
  if (gap.firstSequence !== 0) members.push(`"firstSequence":"${gap.firstSequence}"`);
  if (gap.lastSequence !== 0) members.push(`"lastSequence":"${gap.lastSequence}"`);
  if (gap.firstAt !== undefined) members.push(`"firstAt":"${gap.firstAt}"`);
  if (gap.lastAt !== undefined) members.push(`"lastAt":"${gap.lastAt}"`);
  return `{${members.join(',')}}`;
}

function valueJson(value: NonNullable<DecodedField['value']>): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? `"number":${numberText(value)}` : `"number":"${value}"`;
    case 'bigint':
      return `"integer":"${value}"`;
    case 'boolean':
      return value ? '"boolean":true' : '"boolean":false';
    case 'string':
      return `"text":${JSON.stringify(value)}`;
    default:
      return `"data":"${base64(value)}"`;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function nameOf(names: ReadonlyMap<number, string>, value: number): string {
  return names.get(value) ?? String(value);
}

function namesOf(values: Record<string, number>): ReadonlyMap<number, string> {
  const names = Object.entries(values).filter(([, value]) => value >= 0);
  return new Map(names.map(([name, value]) => [value, JSON.stringify(name)]));
}
