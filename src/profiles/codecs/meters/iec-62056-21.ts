import type { Attribute } from '../../../core/device.ts';
import type { Field } from '../../../core/measurement.ts';
import { type Codec, type CodecInput, type CodecOutput, failed, measured, without } from '../../codec.ts';
import { type Item, identityOf, maxTelegram, quantityOf, readObisText, tooLong, tooMany } from './obis-text.ts';

const stx = 0x02;
const etx = 0x03;

/** Codes of numbers that name the meter and of its versions; also in their short form, `C.1` for 0-0:96.1.0 (IEC 62056-61, annex). */
const names = /^(?:0\.0(?:\.\d+)?|0\.2\.\d+|C\.1(?:\.\d+)?|96\.1\.\d+|C\.90(?:\.\d+)?)$/;

/** Codes of status words, operating times of newer German meters and what makers put there: hexadecimal digits, which may all be decimal. */
const hexadecimal = /^(?:96\.(?:5|8|50)\.|C\.5(?:\.|$))/;

/**
 * IEC 62056-21 (mode A to D readouts, "D0"): what heat and electricity meters send over their optical port, with or without
 * identification, STX and check byte. Fields go by their OBIS codes as they are written. Values without a unit are numbers or text;
 * those that name the meter become attributes. A readout whose beginning was missed is read from its first whole line on.
 */
export function createIec62056Codec(): Codec {
  return { decode };
}

function decode({ payload, limits }: CodecInput): CodecOutput {
  if (payload.length > maxTelegram) return failed(tooLong(payload.length));
  const isVerified = verify(payload);
  if (typeof isVerified === 'string') return failed(isVerified);
  const begin = payload.indexOf(stx) + 1;
  const close = payload.indexOf(etx, begin);
  const data = payload.subarray(begin, close < 0 ? undefined : close);
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
  const end = /(?:^|[\r\n)])!/.exec(text);
  const hasHead = payload.includes(stx) || /^[\r\n]*\//.test(text);
  const identity = identityIn(payload);
  const body = text.slice(0, end ? end.index + end[0].length - 1 : undefined);
  const lines = body.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !line.startsWith('/'));
  const { items, broken } = readObisText(lines);
  if (items.length > limits.maxFields) return failed(tooMany(items.length, limits.maxFields));
  // What came as it was sent is the meter's own way of writing; otherwise a line may have lost more than its form.
  const bad = isVerified ? undefined : broken.find((line) => line !== 1 || hasHead);
  if (bad !== undefined)
    return failed(`Line ${bad} of the readout is no value: ${JSON.stringify(lines[bad - 1]!.slice(0, 40))}`);
  const fields: Field[] = [];
  const attributes: Attribute[] = [...identity];
  let isComplete = broken.length === 0;
  for (const item of items) if (!take(item, fields, attributes)) isComplete = false;
  if (fields.length > limits.maxFields) return failed(tooMany(fields.length, limits.maxFields));
  const sightings = attributes.length > 0 ? [{ attributes }] : [];
  if (fields.length > 0) return measured([{ fields }], isComplete, { sightings });
  if (items.length === 0 && identity.length === 0)
    return failed('It has no line with an OBIS code and a value in parentheses.');
  return without('discovery', { sightings });
}

/** The identification that goes before the data, or stands alone. */
function identityIn(payload: Uint8Array): readonly Attribute[] {
  const begin = payload.indexOf(stx);
  const head = payload.subarray(0, begin < 0 ? Math.min(payload.length, 200) : begin);
  const line = /(?:^|[\r\n])(\/[^\r\n?]*)/.exec(Buffer.from(head).toString('latin1'));
  return line ? identityOf(line[1]!) : [];
}

/**
 * The check byte (BCC): all bits behind STX, to ETX, by exclusive or. Meters that leave out STX and ETX have none.
 *
 * @returns whether there is one, and it is right; a text: what is wrong, as a sentence
 */
function verify(payload: Uint8Array): boolean | string {
  const begin = payload.indexOf(stx);
  const end = payload.indexOf(etx, begin);
  if (begin < 0 || end < 0 || end + 1 >= payload.length) return false;
  let check = 0;
  for (let at = begin + 1; at <= end; at++) check ^= payload[at]!;
  const given = payload[end + 1]!;
  if (check === given) return true;
  const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');
  return `Its check byte is ${hex(given)}, but the readout comes to ${hex(check)}: it was damaged on the way.`;
}

/** @returns whether all that the value says is told */
function take({ code, groups }: Item, fields: Field[], attributes: Attribute[]): boolean {
  // Some fill up with spaces, and a number that was never given is nothing but those.
  const first = groups[0]?.trim() ?? '';
  if (first === '' && groups.length === 1) return true;
  const short = code.slice(code.indexOf(':') + 1);
  if (names.test(short)) {
    const isOwn = short === '0.0' || short === '0.0.0';
    attributes.push([isOwn ? 'serialNumber' : code, first]);
  } else if (hexadecimal.test(short)) {
    fields.push({ name: code, value: first.slice(0, 200) });
  } else {
    // Several values of one code: `9.4(088*C&082*C)`.
    for (const [index, text] of first.split('&').entries()) {
      put(index === 0 ? code : `${code}_${index + 1}`, text, fields);
    }
  }
  // Behind a maximum stands when it was: a local time without a zone.
  return groups.length === 1;
}

function put(name: string, text: string, fields: Field[]): void {
  if (text === '') return;
  const quantity = quantityOf(text);
  // Digits alone that are longer than any counter are a name.
  const isNumber = quantity && (quantity.unit !== undefined || text.length <= 10 || text.includes('.'));
  fields.push(isNumber ? { name, ...quantity } : { name, value: text.slice(0, 200) });
}
