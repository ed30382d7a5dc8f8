import type { Attribute } from '../../../core/device.ts';
import type { Field } from '../../../core/measurement.ts';
import type { UnixMs } from '../../../core/time.ts';
import {
  type Claim,
  type Codec,
  type CodecInput,
  type CodecOutput,
  failed,
  measured,
  type Part,
  without,
} from '../../codec.ts';
import { contentOf } from './transport.ts';
import { type SmlNode, SmlReader } from './tree.ts';

/** SML_GetList.Res, the message that has values (BSI TR-03109-1, annex IV, § 5.1.14). */
const getListResponse = 0x0701;
const int64Max = 2n ** 63n - 1n;
/** Meters send some hundred bytes. */
const maxFile = 65_536;
const earliest = Date.UTC(2000, 0, 1);

interface Unit {
  readonly code: string;
  /** By what power of ten a value is larger in this unit than in the meter's. */
  readonly power?: number;
}

/** Units of COSEM by their number (IEC 62056-62). Energy is told in kilo, as meters show it. */
const units: ReadonlyMap<number, Unit> = new Map<number, Unit>([
  [4, { code: 'd' }],
  [5, { code: 'h' }],
  [6, { code: 'min' }],
  [7, { code: 's' }],
  [8, { code: 'deg' }],
  [9, { code: 'Cel' }],
  [11, { code: 'm' }],
  [12, { code: 'm/s' }],
  [13, { code: 'm3' }],
  [14, { code: 'm3' }],
  [15, { code: 'm3/h' }],
  [16, { code: 'm3/h' }],
  [19, { code: 'l' }],
  [20, { code: 'kg' }],
  [22, { code: 'N' }],
  [23, { code: 'Pa' }],
  [24, { code: 'bar' }],
  [25, { code: 'J' }],
  [27, { code: 'W' }],
  [28, { code: 'VA' }],
  [29, { code: 'var' }],
  [30, { code: 'kWh', power: -3 }],
  [31, { code: 'kVAh', power: -3 }],
  [32, { code: 'kvarh', power: -3 }],
  [33, { code: 'A' }],
  [35, { code: 'V' }],
  [38, { code: 'Ohm' }],
  [44, { code: 'Hz' }],
]);

/** Codes whose text is known of the meter itself, whatever the last number is. */
const attributeCodes: ReadonlyMap<string, string> = new Map([
  ['129-129:199.130.3', 'manufacturer'],
  ['1-0:96.50.1', 'manufacturer'],
  ['1-0:0.2.0', 'firmware'],
]);
/** Codes of the meter's own identity. */
const identityCodes: ReadonlySet<string> = new Set(['1-0:0.0.9', '1-0:96.1.0']);

/**
 * SML, which electricity meters in Germany send over their optical port: one file, in its transport, a message. Fields go by their OBIS
 * codes (`1-0:1.8.0`), with a status as `1-0:1.8.0.status`; text and keys become attributes.
 */
export function createSmlCodec(): Codec {
  return { decode, claims: (_topic, payload) => claim(payload) };
}

function decode({ payload, limits }: CodecInput): CodecOutput {
  if (payload.length > maxFile) return failed(`It has ${payload.length} bytes; a meter's file has at most ${maxFile}.`);
  const content = contentOf(payload);
  if (typeof content === 'string') return failed(content);
  const reader = new SmlReader(content);
  const list = new ValueList();
  while (reader.hasMore) {
    const message = reader.read();
    if (typeof message === 'string') return failed(message);
    const body = bodyOf(message);
    if (body === undefined) return failed(`What ends at byte ${reader.at} is no message.`);
    list.take(body);
    if (list.count > limits.maxFields)
      return failed(`It has more than ${limits.maxFields} values, which is the most that are read.`);
  }
  return list.output();
}

/** A message is a list of six: transaction, group, what to do on errors, body, CRC, end. @returns the body's list of tag and content */
function bodyOf(message: SmlNode): readonly SmlNode[] | undefined {
  if (message.kind !== 'list' || message.items.length !== 6) return undefined;
  const body = message.items[3]!;
  return body.kind === 'list' && body.items.length === 2 ? body.items : undefined;
}

class ValueList {
  readonly #parts: Part[] = [];
  readonly #attributes = new Map<string, string>();
  #isComplete = true;
  /** See {@link cutsSign}. */
  #cutsSign = false;
  count = 0;

  take([tag, content]: readonly SmlNode[]): void {
    if (tag?.kind !== 'number' || tag.value !== getListResponse || content?.kind !== 'list') return;
    const [, server, , sensorTime, values, signature, gatewayTime] = content.items;
    if (server?.kind === 'octets' && server.bytes.length > 0) {
      this.#attributes.set('serialNumber', identityOf(server.bytes));
      this.#cutsSign = cutsSign(server.bytes);
    }
    if (values?.kind !== 'list') return;
    const fields: Field[] = [];
    for (const entry of values.items) this.#entry(entry, fields);
    if (signature?.kind === 'octets' && signature.bytes.length > 0) this.#isComplete = false;
    const timeMs = timeOf(sensorTime) ?? timeOf(gatewayTime);
    if (fields.length > 0) this.#parts.push({ fields, ...(timeMs !== undefined && { timeMs }) });
  }

  /** Name, status, time, unit, scaler, value, signature. */
  #entry(entry: SmlNode, fields: Field[]): void {
    if (entry.kind !== 'list' || entry.items.length !== 7) {
      this.#isComplete = false;
      return;
    }
    const [name, status, , unit, scaler, value] = entry.items;
    if (name?.kind !== 'octets' || value === undefined) return;
    const code = codeOf(name.bytes);
    this.count++;
    if (value.kind === 'number') {
      const isCut = this.#cutsSign && code === powerCode && value.size <= 3 && value.value < 0;
      this.#number(code, isCut ? Number(value.value) + 2 ** (8 * value.size) : value.value, unit, scaler, fields);
    } else if (value.kind === 'boolean') fields.push({ name: code, value: value.value });
    else if (value.kind === 'octets') this.#octets(code, value.bytes);
    else this.#isComplete = false;
    if (status?.kind === 'number' && status.value <= int64Max)
      fields.push({ name: `${code}.status`, value: status.value });
  }

  #number(
    code: string,
    value: number | bigint,
    unit: SmlNode | undefined,
    scaler: SmlNode | undefined,
    fields: Field[],
  ): void {
    const known = unit?.kind === 'number' ? units.get(Number(unit.value)) : undefined;
    const power = (scaler?.kind === 'number' ? Number(scaler.value) : 0) + (known?.power ?? 0);
    const scaled = scale(value, power);
    if (scaled === undefined) this.#isComplete = false;
    else fields.push({ name: code, value: scaled, ...(known && { unit: known.code }) });
  }

  #octets(code: string, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (identityCodes.has(code)) this.#attributes.set('serialNumber', identityOf(bytes));
    else this.#attributes.set(attributeCodes.get(code.replace(/\*.*$/, '')) ?? code, textOf(bytes));
  }

  output(): CodecOutput {
    const attributes: Attribute[] = [...this.#attributes];
    const sightings = attributes.length > 0 ? [{ attributes }] : [];
    if (this.#parts.length > 0) return measured(this.#parts, this.#isComplete, { sightings });
    return without(attributes.length > 0 ? 'discovery' : 'raw', { sightings });
  }
}

/** `value × 10^power`; undefined: it is beyond what a record can hold. */
function scale(value: number | bigint, power: number): number | bigint | undefined {
  if (power === 0) return value <= int64Max ? value : undefined;
  if (power < -30 || power > 30) return undefined;
  // One division by a power of ten is rounded once, and so is the decimal number that the meter shows.
  return power < 0 ? Number(value) / 10 ** -power : Number(value) * 10 ** power;
}

/** `0100010800ff` → `1-0:1.8.0`; the last number is told where it is not 255, the current value. */
function codeOf(bytes: Uint8Array): string {
  if (bytes.length !== 6) return Buffer.from(bytes).toString('hex');
  const [a, b, c, d, e, f] = bytes;
  return `${a}-${b}:${c}.${d}.${e}${f === 255 ? '' : `*${f}`}`;
}

/**
 * A meter's number (DIN 43863-5): medium, three letters of the maker, block, number, as it is printed on it: `1EMH0004321349`. What is
 * not of that form, as hexadecimal digits.
 */
function identityOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  const maker = buffer.subarray(2, 5).toString('latin1');
  if (bytes.length !== 10 || !/^[A-Z]{3}$/.test(maker)) return buffer.toString('hex');
  const block = buffer.subarray(5, 6).toString('hex').toUpperCase();
  return `${bytes[1]}${maker}${block}${String(buffer.readUInt32BE(6)).padStart(8, '0')}`;
}

const powerCode = '1-0:16.7.0';

/**
 * Meters of DZG (DVS74) with these numbers shorten a positive power until its highest bit looks like a sign: 35624 is written as an
 * int16, which is -29912. They write negative ones with four bytes (volkszaehler/libsml, issues 59 and 105).
 */
function cutsSign(server: Uint8Array): boolean {
  const identity = identityOf(server);
  if (!identity.startsWith('1DZG00')) return false;
  const number = Number(identity.slice(6));
  return (number >= 42_000_000 && number < 49_000_000) || (number >= 55_000_000 && number < 59_000_000);
}

function textOf(bytes: Uint8Array): string {
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return Buffer.from(bytes).toString(isText ? 'latin1' : 'hex');
}

/** Only some meters know the time; most count seconds since they were mounted. */
function timeOf(node: SmlNode | undefined): UnixMs | undefined {
  if (node?.kind !== 'list' || node.items.length !== 2) return undefined;
  const [choice, value] = node.items;
  if (choice?.kind !== 'number') return undefined;
  // 2: seconds since 1970; 3: those, with the zone that the meter shows
  const seconds =
    choice.value === 2 ? value : choice.value === 3 && value?.kind === 'list' ? value.items[0] : undefined;
  if (seconds?.kind !== 'number' || typeof seconds.value !== 'number') return undefined;
  const time = seconds.value * 1000;
  return time >= earliest && time < 2 ** 32 * 1000 ? time : undefined;
}

function claim(payload: Uint8Array): Claim | undefined {
  if (payload[0] !== 0x1b || payload.length > maxFile || typeof contentOf(payload) === 'string') return undefined;
  return { confidence: 0.98, reason: 'it is a file of SML in its transport, and its CRC is right' };
}
