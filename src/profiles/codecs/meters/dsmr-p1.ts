import type { Attribute } from '../../../core/device.ts';
import type { Field } from '../../../core/measurement.ts';
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
import { checksumOf } from '../../framing/checksums.ts';
import { meterTime } from './meter-time.ts';
import { type Item, identityOf, maxTelegram, quantityOf, readObisText, textOf, tooLong, tooMany } from './obis-text.ts';

/** What a meter on the M-Bus measures, by its type (EN 13757-3, table 3). */
const media: ReadonlyMap<number, string> = new Map([
  [2, 'electricity'],
  [3, 'gas'],
  [4, 'heat'],
  [6, 'warm water'],
  [7, 'water'],
  [8, 'heat cost allocator'],
  [10, 'cooling'],
  [11, 'cooling'],
  [12, 'heat'],
  [13, 'heat and cooling'],
]);

/**
 * DSMR P1, versions 2.2 to 5, with the codes of Belgium, Luxembourg, Sweden and Hungary: one telegram a message. Fields go by their OBIS
 * codes. What has a time of its own, the reading of a gas meter or a month's peak, is a part of its own.
 */
export function createDsmrP1Codec(): Codec {
  return {
    decode: (input) => decode(input),
    claims: (_topic, payload) => claim(payload),
  };
}

function decode({ payload, limits }: CodecInput): CodecOutput {
  if (payload.length > maxTelegram) return failed(tooLong(payload.length));
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
  const begin = text.indexOf('/');
  if (begin < 0) return failed('It has no line that begins with /: the begin of a telegram is missing.');
  const mark = /[\r\n]!/.exec(text.slice(begin));
  if (!mark) return failed('It has no line that begins with !: the end of the telegram is missing.');
  const end = begin + mark.index + 1;
  const isVerified = verify(text.slice(begin, end + 1), text.slice(end + 1).trim());
  if (typeof isVerified === 'string') return failed(isVerified);
  const [head = '', ...lines] = text.slice(begin, end).split(/\r\n|\r|\n/);
  const { items, broken } = readObisText(lines);
  // What came as it was sent is the meter's own way of writing; otherwise a line may have lost more than its form.
  if (broken.length > 0 && !isVerified)
    return failed(`Line ${broken[0]! + 1} of the telegram is no value: ${lines[broken[0]! - 1]!.slice(0, 40)}`);
  if (items.length > limits.maxFields) return failed(tooMany(items.length, limits.maxFields));
  const telegram = new Telegram(broken.length === 0);
  for (const item of items) telegram.take(item);
  return telegram.output(identityOf(head));
}

/**
 * From version 4 on a CRC stands behind the `!`, over everything from `/` on; some meters leave out its leading zeros, and Holley's
 * reckon it as X.25 (ndokter/dsmr_parser issue 91). Where a reader has taken the CRs out of line ends, they count all the same.
 *
 * @returns whether there is a CRC, and it is right; a text: what is wrong, as a sentence
 */
function verify(text: string, behind: string): boolean | string {
  const given = /^[^\r\n]*/.exec(behind)![0].trim();
  if (given === '') return false;
  if (!/^[0-9A-Fa-f]{1,4}$/.test(given)) return `Behind its ! stands "${given.slice(0, 10)}", which is no CRC.`;
  const crc = Number.parseInt(given, 16);
  const sent = text.includes('\r') ? text : text.replaceAll('\n', '\r\n');
  const bytes = [text, sent].map((one) => Buffer.from(one, 'latin1'));
  if (bytes.some((one) => crc === checksumOf('crc16-arc', one) || crc === checksumOf('crc16-x25', one))) return true;
  const right = checksumOf('crc16-arc', bytes[0]!).toString(16).toUpperCase().padStart(4, '0');
  return `Its CRC is ${given}, but its text comes to ${right}: it was damaged on the way.`;
}

/** A telegram's values on their way to parts. */
class Telegram {
  readonly #fields: Field[] = [];
  readonly #timed: Part[] = [];
  readonly #attributes = new Map<string, string>();
  #timeMs: number | undefined;
  #isComplete: boolean;

  constructor(isComplete: boolean) {
    this.#isComplete = isComplete;
  }

  take({ code, groups }: Item): void {
    const [first = ''] = groups;
    const channel = /^0-([1-9]):/.exec(code)?.[1];
    const kind = code.slice(code.indexOf(':') + 1);
    if (code === '0-0:1.0.0') this.#timeMs = meterTime(first);
    else if (kind === '0.2.8' || kind === '96.1.4') this.#attribute('protocol', first);
    // Belgium: the number of the connection, as invoices tell it.
    else if (kind === '96.1.2') this.#attribute(channel ? `${channel}.ean` : 'ean', textOf(first));
    // Where a meter tells its name (COSEM) and its number, the number comes later.
    else if (kind === '42.0.0' || /^96\.1\.[013]$/.test(kind))
      this.#attribute(channel ? `${channel}.serialNumber` : 'serialNumber', textOf(first));
    else if (channel && kind === '24.1.0') this.#attribute(`${channel}.medium`, media.get(Number(first)) ?? first);
    else if (kind === '24.3.0' && groups.length >= 7) this.#oldMeter(code, groups);
    else if (/^96\.13\./.test(kind)) this.#text(code, textOf(first));
    else if (groups.length === 1) this.#value(code, first);
    else if (groups.length === 2 && (this.#timedValue(code, first, groups[1]!) || this.#twoValues(code, groups)))
      return;
    // An empty log, and a slot of the M-Bus with a meter that was never heard, say nothing.
    else if (/^9[89]\.\d+\.\d+$/.test(kind) && /^0*$/.test(first)) return;
    else if (channel && groups.length === 2 && /^\d{12}[WS]?$/.test(first) && /^[0.]*(?:\*m3)?$/.test(groups[1]!))
      return;
    // Logs of failures and of past months: they were told when they were new.
    else this.#isComplete = false;
  }

  /** DSMR 2.2 and 3: `(time)(status)(minutes)(1)(code)(unit)(value)`. */
  #oldMeter(code: string, groups: readonly string[]): void {
    if (!this.#timedValue(code, groups[0]!, `${groups[6]}*${groups[5]}`)) this.#isComplete = false;
  }

  #timedValue(code: string, time: string, written: string): boolean {
    const timeMs = meterTime(time);
    const quantity = quantityOf(written);
    if (timeMs === undefined || !quantity) return false;
    this.#timed.push({ timeMs, fields: [{ name: code, ...quantity }] });
    return true;
  }

  /** Limits for both directions, in Luxembourg: `1-1:31.4.0(040*A)(-040*A)`. */
  #twoValues(code: string, groups: readonly string[]): boolean {
    const [first, second] = groups.map(quantityOf);
    if (first?.unit === undefined || second?.unit === undefined) return false;
    this.#fields.push({ name: code, ...first }, { name: `${code}_2`, ...second });
    return true;
  }

  #value(code: string, written: string): void {
    if (written === '') return;
    const quantity = quantityOf(written);
    if (quantity) this.#fields.push({ name: code, ...quantity });
    else this.#text(code, written);
  }

  #text(code: string, text: string): void {
    if (text !== '') this.#fields.push({ name: code, value: text });
  }

  #attribute(name: string, value: string): void {
    // An empty slot of the M-Bus has a type and no meter.
    if (value !== '') this.#attributes.set(name, value);
  }

  output(identity: readonly Attribute[]): CodecOutput {
    const own: Part[] = [{ fields: this.#fields, ...(this.#timeMs !== undefined && { timeMs: this.#timeMs }) }];
    const parts = [...(this.#fields.length > 0 ? own : []), ...this.#timed];
    const attributes: Attribute[] = [...identity, ...this.#attributes];
    const sightings = attributes.length > 0 ? [{ attributes }] : [];
    if (parts.length === 0) return without('discovery', { sightings });
    return measured(parts, this.#isComplete, { sightings });
  }
}

function claim(payload: Uint8Array): Claim | undefined {
  if (payload[0] !== 0x2f) return undefined;
  const text = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, 16_384)).toString('latin1');
  const end = text.search(/[\r\n]!/);
  if (end < 0 || !/[\r\n]\d-\d:\d+\.\d+\.\d+\(/.test(text.slice(0, end))) return undefined;
  const crc = text.slice(end + 2).trim();
  const reason = 'it is a telegram with OBIS codes from / to !';
  if (crc === '') return { confidence: 0.9, reason };
  if (typeof verify(text.slice(0, end + 2), crc) === 'string') return undefined;
  return { confidence: 0.98, reason: `${reason}, and its CRC is right` };
}
