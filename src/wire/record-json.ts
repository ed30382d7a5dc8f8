import { ClockQuality, Priority } from './generated/headgate/v1/record.ts';
import type { DecodedField, DecodedRecord } from './record-reader.ts';

const maxQuoted = 8192;

const priorities = namesOf(Priority);
const clockQualities = namesOf(ClockQuality);

/**
 * Writes records as proto3's JSON mapping has them (camelCase names, 64-bit integers as strings, bytes as base64, enums
 * as names, doubles that are no number as strings, defaults left out), with three additions for whoever reads a record
 * alone: `gateway` and `epoch` come first, `sequence` is always there, and `time` is filled from `receivedAt` when the
 * device gave none. An enum's number that this version does not know stays a number.
 */
export class RecordJson {
  // Quoting costs more than looking up what the same text looked like before. Emptied when full.
  readonly #quoted = new Map<string, string>();

  /** The start of every line of one gateway's epoch, up to the sequence. */
  prefix(gateway: string, epoch: string): string {
    return `{"gateway":${JSON.stringify(gateway)},"epoch":${JSON.stringify(epoch)},"sequence":"`;
  }

  /** One record as one line of JSON, without the line break. `prefix` is from {@link RecordJson.prefix}. */
  line(prefix: string, record: DecodedRecord): string {
    return this.lineOf(prefix, record, record.fields.length > 0 ? this.fields(record.fields) : '');
  }

  /** The same when the fields are JSON already; an empty text when there are none. */
  lineOf(prefix: string, record: Omit<DecodedRecord, 'fields'>, fields: string): string {
    let line = `${prefix + record.sequence}"`;
    if (record.deviceId !== '') line += `,"deviceId":${this.quote(record.deviceId)}`;
    const time = record.time ?? record.receivedAt;
    if (time !== undefined) line += `,"time":"${time}"`;
    if (record.receivedAt !== undefined) line += `,"receivedAt":"${record.receivedAt}"`;
    if (record.clockQuality !== 0) line += `,"clockQuality":${nameOf(clockQualities, record.clockQuality)}`;
    if (record.priority !== 0) line += `,"priority":${nameOf(priorities, record.priority)}`;
    if (record.source !== '') line += `,"source":${this.quote(record.source)}`;
    if (record.topic !== '') line += `,"topic":${this.quote(record.topic)}`;
    if (fields !== '') line += `,"fields":${fields}`;
    if (record.payload !== undefined) line += `,"payload":"${base64(record.payload)}"`;
    if (record.profile !== '') line += `,"profile":${this.quote(record.profile)}`;
    if (record.profileVersion !== 0) line += `,"profileVersion":${record.profileVersion}`;
    return record.historical ? `${line},"historical":true}` : `${line}}`;
  }

  /** A record's `fields` as the JSON array they are in its line. */
  fields(fields: readonly DecodedField[]): string {
    let text = '[';
    for (let i = 0; i < fields.length; i++) {
      const { name, unit, value } = fields[i]!;
      text += i === 0 ? '{' : ',{';
      let comma = '';
      if (name !== '') {
        text += `"name":${this.quote(name)}`;
        comma = ',';
      }
      if (unit !== '') {
        text += `${comma}"unit":${this.quote(unit)}`;
        comma = ',';
      }
      if (value !== undefined) text += comma + valueJson(value);
      text += '}';
    }
    return `${text}]`;
  }

  /** A text that is likely to come again, in quotes. */
  quote(text: string): string {
    const known = this.#quoted.get(text);
    if (known !== undefined) return known;
    const quoted = JSON.stringify(text);
    if (text.length > 128) return quoted;
    if (this.#quoted.size >= maxQuoted) this.#quoted.clear();
    this.#quoted.set(text, quoted);
    return quoted;
  }
}

function valueJson(value: NonNullable<DecodedField['value']>): string {
  switch (typeof value) {
    case 'number':
      // A negative zero has no sign in JSON.stringify either.
      return Number.isFinite(value) ? `"number":${value}` : `"number":"${value}"`;
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
