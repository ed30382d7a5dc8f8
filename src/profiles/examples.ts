import { isDeepStrictEqual } from 'node:util';
import type { Decoded } from '../core/decoded.ts';
import { unitOf, unitSymbol } from '../core/measure-units.ts';
import type { Field, FieldValue } from '../core/measurement.ts';
import { commandMismatches } from './command-examples.ts';
import { ProfileDecoder } from './decoder.ts';
import type { GeneralOptions } from './general.ts';
import { signedNumberLike } from './json.ts';
import type { CompiledProfile } from './language/compiled.ts';
import type { ExampleOptions } from './language/example-options.ts';
import type { ProfileOptions } from './language/options.ts';
import { ProfileUse } from './profile-use.ts';
import { asOne, decodeStream } from './stream.ts';

type Scalar = boolean | number | string;

/** When an example's message came, where its own time does not say. */
const receivedAtMs = Date.UTC(2026, 0, 1, 12);
/** What examples may be as large as. */
export const exampleLimits: GeneralOptions = { deviceTopics: [], maxDepth: 32, maxFields: 5_000, maxBytes: 1_048_576 };

/** What an example of a profile becomes. */
export function decodeExample(profile: CompiledProfile, example: ExampleOptions): Decoded {
  const decoder = new ProfileDecoder({ options: exampleLimits, profiles: [profile] });
  const use = new ProfileUse();
  for (const before of example.after ?? []) decoder.decodeBy(profile, messageOf(before), receivedAtMs, use);
  const message = messageOf(example);
  // A profile without topics is for a serial port.
  if (profile.framing === undefined) return decoder.decodeBy(profile, message, receivedAtMs, use);
  return asOne(decodeStream(decoder, profile, message.topic, message.payload, receivedAtMs));
}

/** What is wrong with what an example becomes, of a message or a command: a sentence each; none: it is as it says. */
export function mismatches(
  { options, compiled }: { readonly options: ProfileOptions; readonly compiled: CompiledProfile },
  example: ExampleOptions,
): string[] {
  return example.command === undefined
    ? exampleFaults(compiled, example)
    : commandMismatches(options, compiled, example);
}

/** What is wrong with what an example becomes, a sentence each; none: it is as it says. */
export function exampleFaults(profile: CompiledProfile, example: ExampleOptions): string[] {
  const decoded = decodeExample(profile, example);
  const { kind = 'measurement', gives, device, online, time, attributes, more = false } = example;
  const faults: string[] = [];
  if (decoded.kind !== kind) {
    const why = decoded.failure === undefined ? '' : `: ${decoded.failure}`;
    return [`it is of kind ${decoded.kind}${why}, not ${kind}`];
  }
  const fields = decoded.measurements.flatMap((one) => one.fields);
  if (kind === 'measurement') faults.push(...fieldFaults(fields, gives ?? {}, more));
  if (device !== undefined && decoded.deviceId !== device)
    faults.push(`its device is ${decoded.deviceId}, not ${device}`);
  if (time !== undefined && !decoded.measurements.some(({ timeMs }) => timeMs === Date.parse(time))) {
    const [{ timeMs }] = decoded.measurements;
    faults.push(`its time is ${timeMs === undefined ? 'not told' : new Date(timeMs).toISOString()}, not ${time}`);
  }
  const sightings = decoded.sightings ?? [];
  const presence = sightings.find((one) => one.presence !== undefined)?.presence;
  if (online !== undefined && presence !== (online ? 'online' : 'offline'))
    faults.push(`it tells that the device is ${presence ?? 'neither online nor offline'}`);
  if (attributes !== undefined) {
    const told = Object.fromEntries(sightings.flatMap((one) => one.attributes ?? []));
    if (!isDeepStrictEqual(told, { ...attributes })) faults.push(`its attributes are ${JSON.stringify(told)}`);
  }
  return faults;
}

function fieldFaults(fields: readonly Field[], gives: Readonly<Record<string, Scalar>>, isSubset: boolean): string[] {
  const faults: string[] = [];
  const left = [...fields];
  for (const [name, wanted] of Object.entries(gives)) {
    const index = left.findIndex((field) => field.name === name);
    const [field] = index < 0 ? [] : left.splice(index, 1);
    if (field === undefined) faults.push(`there is no field ${name}`);
    else if (!isAs(field, wanted)) faults.push(`${name} is ${fieldText(field)}, not ${String(wanted)}`);
  }
  if (!isSubset) for (const field of left) faults.push(`${field.name} = ${fieldText(field)} is there too`);
  return faults;
}

/** A value and its unit as examples write them: `20.6 Cel`, `true`, `open`, `"42"` for a text that looks like a number. */
export function fieldText({ value, unit }: Omit<Field, 'name'>): string {
  const text = typeof value === 'string' && isAmbiguous(value) ? JSON.stringify(value) : valueText(value);
  return unit === undefined ? text : `${text} ${unit}`;
}

function valueText(value: FieldValue): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

function isAmbiguous(text: string): boolean {
  return (
    signedNumberLike(text.split(' ')[0] ?? '') !== undefined ||
    text === 'true' ||
    text === 'false' ||
    text.startsWith('"')
  );
}

function isAs({ value, unit }: Field, wanted: Scalar): boolean {
  if (typeof wanted === 'number' && typeof value === 'number') return isNear(value, wanted) && unit === undefined;
  if (typeof wanted !== 'string') return value === wanted && unit === undefined;
  const [first = '', ...rest] = wanted.split(' ');
  const number = signedNumberLike(first);
  const wantedUnit = rest.join(' ');
  if (number !== undefined && wanted.trim() !== '') {
    if (unitSymbol(unit ?? '') !== unitSymbol(unitOf(wantedUnit) ?? '')) return false;
    return typeof value === 'number' ? isNear(value, Number(number)) : value === number;
  }
  if (wanted.startsWith('"')) return value === JSON.parse(wanted) && unit === undefined;
  return (
    valueText(value) === wanted && (typeof value === 'string' || value instanceof Uint8Array) && unit === undefined
  );
}

/** A binary fraction, of 64 or 32 bits, is as near to a decimal one as it can be, and no nearer. */
function isNear(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= Math.abs(b) * 1e-9 || a === Math.fround(b) || Math.fround(a) === b;
}

function messageOf({
  topic = 'example',
  payload,
  payloadHex = '',
  requestHex = '',
}: Pick<ExampleOptions, 'topic' | 'payload' | 'payloadHex' | 'requestHex'>) {
  // A Modbus exchange is the request and, behind it, the answer.
  const bytes =
    payload === undefined ? Buffer.from((requestHex + payloadHex).replaceAll(' ', ''), 'hex') : Buffer.from(payload);
  return { source: 'mqtt', topic, payload: bytes };
}
