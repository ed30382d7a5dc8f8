import type { Decoded } from '../core/decoded.ts';
import type { Field, FieldValue } from '../core/measurement.ts';
import type { Message } from '../core/message.ts';
import { createDeviceNamer, portDevice } from './device-id.ts';
import { FlatJson } from './flat-json.ts';
import { textOf } from './json.ts';
import type { DecodeOptions } from './options.ts';

/** What the general rules need to know. */
export type GeneralOptions = Omit<DecodeOptions, 'profiles' | 'profileDirs'>;

const none: readonly Field[] = [];
const int64Max = 2n ** 63n;

/**
 * What is known without a device profile: a JSON object becomes fields with dotted paths (`BME280.Temperature`,
 * `samples.0`), a bare number or boolean becomes the field `value`, and anything else is kept as raw payload.
 * The payload is kept beside the fields when they do not say all of it: nulls, empty objects and lists, numbers that
 * neither a double nor an int64 can hold.
 */
export function createGeneralDecoder(options: GeneralOptions): (message: Message) => Decoded {
  const deviceOf = createDeviceNamer(options.deviceTopics);
  const flat = new FlatJson();
  return (message) => {
    const deviceId = message.source === 'serial' ? portDevice(message.topic) : deviceOf(message.topic);
    const { payload } = message;
    const fields = payload.length <= options.maxBytes && options.maxDepth > 0 ? flat.read(payload) : undefined;
    if (fields !== undefined && fields.length <= options.maxFields) return decoded(deviceId, fields, false);
    const text = payload.length <= options.maxBytes && mayBeJson(payload) ? textOf(payload) : undefined;
    const value = text === undefined ? undefined : parse(text);
    if (text === undefined || value === undefined) return decoded(deviceId, none, true);
    let walk = walkOf(value, options);
    // What a double would round is read again, digit by digit. It is rare, so the others don't pay for it.
    if (walk.isRounded) walk = walkOf(parse(text, keepExact), options);
    if (walk.isTooLarge) return decoded(deviceId, none, true);
    return decoded(deviceId, walk.fields, !walk.isComplete || walk.fields.length === 0);
  };
}

function decoded(deviceId: string, fields: readonly Field[], keepPayload: boolean): Decoded {
  const kind = fields.length === 0 ? 'raw' : 'measurement';
  return { kind, deviceId, measurements: [{ deviceId, fields }], keepPayload };
}

type Json = number | boolean | bigint | string | null | undefined | readonly Json[] | { readonly [key: string]: Json };

function parse(text: string, reviver?: typeof keepExact): Json {
  try {
    return JSON.parse(text, reviver) as Json;
  } catch {
    // Not JSON, or nested so deep that the parser gave up: a payload of another kind, kept as it is.
    return undefined;
  }
}

/** Tells by the first byte, before anything is decoded, whether the payload can be an object, a number or a boolean. */
function mayBeJson(payload: Uint8Array): boolean {
  let at = 0;
  while (at < payload.length && payload[at]! <= 0x20) at++;
  const byte = payload[at];
  return (
    byte === 0x7b /* { */ ||
    byte === 0x2d /* - */ ||
    byte === 0x74 /* t */ ||
    byte === 0x66 /* f */ ||
    (byte !== undefined && byte >= 0x30 && byte <= 0x39)
  );
}

const isExact = (value: number): boolean => value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER;

/** JSON.parse reviver that keeps what a double would round: whole numbers as bigint, the rest as undefined. */
function keepExact(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || isExact(value)) return value;
  const source = context?.source ?? '';
  if (!/^-?\d+$/.test(source)) return Number.isFinite(value) ? value : null;
  // What is longer is beyond it, and takes time with the square of its length.
  if (source.length > 20) return null;
  const whole = BigInt(source);
  return whole >= -int64Max && whole < int64Max ? whole : null;
}

interface Walk {
  readonly fields: Field[];
  /** The fields say all that the payload said. */
  isComplete: boolean;
  /** A number is beyond what a double holds exactly. */
  isRounded: boolean;
  /** It is deeper or has more fields than allowed. */
  isTooLarge: boolean;
}

/** The fields of an object, or the field `value` of a bare number or boolean. */
function walkOf(value: Json, limits: GeneralOptions): Walk {
  const walk: Walk = { fields: [], isComplete: true, isRounded: false, isTooLarge: false };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) flatten(value, '', 1, walk, limits);
  else if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    addField('value', value, walk, limits);
  }
  return walk;
}

function flatten(node: object, prefix: string, depth: number, walk: Walk, limits: GeneralOptions): void {
  if (depth > limits.maxDepth) walk.isTooLarge = true;
  let isEmpty = true;
  for (const key in node) {
    if (walk.isTooLarge) return;
    isEmpty = false;
    const value = (node as { readonly [key: string]: Json })[key];
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (value === null || value === undefined) walk.isComplete = false;
    else if (typeof value === 'object') flatten(value, name, depth + 1, walk, limits);
    else addField(name, value, walk, limits);
  }
  if (isEmpty) walk.isComplete = false;
}

function addField(name: string, value: FieldValue, walk: Walk, limits: GeneralOptions): void {
  if (typeof value === 'number' && !isExact(value)) walk.isRounded = true;
  if (walk.fields.length < limits.maxFields) walk.fields.push({ name, value });
  else walk.isTooLarge = true;
}
