import { unitOf } from '../../core/measure-units.ts';
import type { Field, Measurement } from '../../core/measurement.ts';
import { parseExact, stringifyExact } from '../../lib/exact-json.ts';
import { payloadKeys, payloadOf } from '../payload.ts';
import { timeOf } from '../window.ts';

/** What one item of a request asks to be taken in. */
export interface Item {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** What it means, where the item says so itself. */
  readonly said?: Measurement;
}

/** An item, or a sentence that says why it is none. */
export type ItemOrFault = Item | string;

export const maxItems = 5_000;
const maxDeviceId = 1_000;
const maxFields = 200;
const maxFieldName = 200;
const maxText = 65_536;

const messageKeys = ['topic', ...payloadKeys];
const measurementKeys = ['device', 'time', 'fields'];

/** Where a device's measurements are for whoever subscribes: for what a request says of a device it is the topic. */
export function measurementsTopic(deviceId: string): string {
  return `headgate/devices/${deviceId}/measurements`;
}

/**
 * Reads a request's body: JSON of one item or a list of them, or NDJSON with an item a line.
 *
 * @returns for each item what reads it, as thousands at once would keep everybody waiting; a sentence when it is none of those
 */
export function itemsOf(body: string, isNdjson: boolean): readonly (() => ItemOrFault)[] | string {
  if (isNdjson) {
    const lines = linesOf(body);
    if (lines.length > maxItems) return tooMany;
    if (lines.length === 0) return 'The body has no lines.';
    return lines.map((line) => () => {
      const value = parsed(line);
      return value === undefined ? 'This line is no JSON.' : itemOf(value);
    });
  }
  const value = parsed(body);
  if (value === undefined) return 'The body is no JSON.';
  if (!Array.isArray(value)) return [() => itemOf(value)];
  if (value.length > maxItems) return tooMany;
  return value.length === 0 ? 'The list is empty.' : value.map((one) => () => itemOf(one));
}

/** The lines that are not empty, up to one more than may be. */
function linesOf(body: string): string[] {
  const lines: string[] = [];
  for (let from = 0; from < body.length && lines.length <= maxItems; ) {
    const end = body.indexOf('\n', from);
    const line = body.slice(from, end < 0 ? body.length : end);
    if (line.trim() !== '') lines.push(line);
    from = end < 0 ? body.length : end + 1;
  }
  return lines;
}

const tooMany = `There are more than ${maxItems} items: send the others in another request.`;

function itemOf(value: unknown): ItemOrFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'An item must be a JSON object.';
  const given = value as Readonly<Record<string, unknown>>;
  const isMeasurement = Object.hasOwn(given, 'device') || Object.hasOwn(given, 'fields');
  const known = isMeasurement ? measurementKeys : messageKeys;
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) return `There is no \`${key.slice(0, 40)}\` beside ${list(known)}.`;
  }
  return isMeasurement ? measurementOf(given) : messageOf(given);
}

function messageOf(given: Readonly<Record<string, unknown>>): ItemOrFault {
  const { topic } = given;
  if (typeof topic !== 'string' || topic === '') return '`topic` must be a text that is not empty.';
  const payload = payloadOf(given) ?? 'Give one of `payload` (JSON), `payloadText` and `payloadBase64`.';
  return typeof payload === 'string' ? payload : { topic, payload };
}

function measurementOf({ device, time, fields }: Readonly<Record<string, unknown>>): ItemOrFault {
  if (typeof device !== 'string' || device === '' || device.length > maxDeviceId || /[\p{Cc}+#]/u.test(device)) {
    return `\`device\` must be a text of 1 to ${maxDeviceId} characters, without + and #.`;
  }
  const timeMs = time === undefined ? undefined : timeOf(time);
  if (time !== undefined && timeMs === undefined) {
    return '`time` must be a time with its zone, such as 2026-11-22T18:00:00Z.';
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return '`fields` must be a JSON object.';
  const entries = Object.entries(fields);
  if (entries.length === 0 || entries.length > maxFields) return `\`fields\` must have 1 to ${maxFields} members.`;
  const read: Field[] = [];
  for (const [name, value] of entries) {
    const field = fieldOf(name, value);
    if (typeof field === 'string') return field;
    read.push(field);
  }
  return {
    topic: measurementsTopic(device),
    payload: Buffer.from(stringifyExact({ time, fields })),
    said: { deviceId: device, ...(timeMs !== undefined && { timeMs }), fields: read },
  };
}

/** `21.5`, or `{"value": 21.5, "unit": "Cel"}`. */
function fieldOf(name: string, given: unknown): Field | string {
  const what = `\`fields.${name.slice(0, 40)}\``;
  if (name === '' || name.length > maxFieldName) return `A field's name must have 1 to ${maxFieldName} characters.`;
  if (typeof given !== 'object' || given === null) {
    return isValue(given) ? { name, value: given } : `${what} must be a number, true or false, or a text.`;
  }
  const { value, unit, ...others } = given as Readonly<Record<string, unknown>>;
  if (Array.isArray(given) || Object.keys(others).length > 0) return `${what} must have \`value\` and \`unit\` only.`;
  if (!isValue(value)) return `The value of ${what} must be a number, true or false, or a text.`;
  if (unit === undefined) return { name, value };
  const code = typeof unit === 'string' ? unitOf(unit) : undefined;
  return code === undefined ? `The unit of ${what} is not known.` : { name, value, unit: code };
}

function isValue(value: unknown): value is number | bigint | boolean | string {
  if (typeof value === 'bigint') return value >= -(2n ** 63n) && value < 2n ** 63n;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'boolean' || (typeof value === 'string' && value.length <= maxText);
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function parsed(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    // Whoever sent it is told so.
    return undefined;
  }
}
