import type { Decoded } from '../core/decoded.ts';
import type { Field } from '../core/measurement.ts';
import { ProfileDecoder } from './decoder.ts';
import { compiledIn, type Library, type Profile } from './library.ts';
import type { ReadRequest } from './modbus/pdu.ts';
import { RegisterMap } from './modbus/registers.ts';
import { rtuAnswer, rtuRequest } from './modbus/rtu.ts';
import type { DecodeOptions } from './options.ts';
import type { LineGuess, SerialGuess } from './serial-guess.ts';
import type { Interrogation, Question } from './serial-questions.ts';

/** How lines of Modbus devices are set, the usual ones first: the standard's own 19200 8E1 is the exception (Modbus over Serial Line 1.02 § 2.5.1). */
export const modbusLines: readonly LineGuess[] = [
  { baud: 9600, format: '8N1' },
  { baud: 19_200, format: '8N1' },
  { baud: 9600, format: '8E1' },
  { baud: 19_200, format: '8E1' },
  { baud: 4800, format: '8N1' },
  { baud: 115_200, format: '8N1' },
  { baud: 2400, format: '8N1' },
];

/** Where devices come from the factory, and the last address there is. */
const units = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 247];
/** So many that answer are asked for more. */
const maxExamined = 3;
/** So many requests of each profile are made. */
const maxRequests = 3;
const leastConfidence = 0.4;
/** The profile of devices whose registers nobody has named. */
const anyRegisters = 'modbus/registers';

/** Which Modbus units there are, and which profiles their registers may be of. */
export function* guessModbus(
  line: LineGuess,
  library: Library,
  options: Omit<DecodeOptions, 'profiles' | 'profileDirs'>,
  timeoutMs: number,
): Interrogation {
  // The request is on the line first: eight bytes of eleven bits.
  const waitMs = timeoutMs + (8 * 11 * 1_000) / line.baud;
  const found: { readonly unit: number; readonly payload: Uint8Array }[] = [];
  for (const unit of units) {
    for (const table of ['holding', 'input'] as const) {
      const request: ReadRequest = { unit, table, address: 0, count: 1 };
      const heard = yield questionFor(request, waitMs);
      // A refusal is an answer too.
      if (rtuAnswer(request, heard).kind === 'failed') continue;
      found.push({ unit, payload: Buffer.concat([rtuRequest(request), heard]) });
      break;
    }
  }
  const decoder = new ProfileDecoder({ options, profiles: compiledIn(library) });
  const guesses: SerialGuess[] = [];
  for (const { unit, payload } of found.slice(0, maxExamined)) {
    const before = guesses.length;
    for (const [name, profile] of library.profiles) {
      const guess = yield* examine(unit, name, profile, decoder, waitMs);
      if (guess !== undefined) guesses.push(guess);
    }
    const plain = library.profiles.get(anyRegisters);
    if (guesses.length > before || plain === undefined) continue;
    const example = decoder.decodeBy(plain.compiled, { source: 'modbus', topic: 'port', payload }, 0);
    const reason = `Modbus unit ${unit} answers, and no profile fits its registers`;
    guesses.push({ profile: anyRegisters, confidence: leastConfidence, reason, example, modbusUnit: unit });
  }
  return guesses;
}

function* examine(
  unit: number,
  name: string,
  { compiled, options: { modbus } }: Profile,
  decoder: ProfileDecoder,
  waitMs: number,
): Generator<Question, SerialGuess | undefined, Uint8Array> {
  if (modbus === undefined) return undefined;
  const map = new RegisterMap(modbus);
  const requests = map.requests(unit).slice(0, maxRequests);
  const fields: Field[] = [];
  let example: Decoded | undefined;
  let expected = 0;
  for (const request of requests) {
    expected += map.namesIn(request).length;
    const heard = yield questionFor(request, waitMs);
    const answer = rtuAnswer(request, heard);
    if (answer.kind !== 'data') continue;
    const payload = Buffer.concat([rtuRequest(request), heard]);
    const decoded = decoder.decodeBy(compiled, { source: 'modbus', topic: 'port', payload }, 0);
    if (decoded.kind !== 'measurement') continue;
    example ??= decoded;
    fields.push(...decoded.measurements.flatMap((one) => one.fields));
  }
  if (example === undefined || expected === 0) return undefined;
  const plausible = fields.filter(isPlausible);
  // Many devices give zeros for registers that they do not have, and one value is soon what it can be.
  const telling = plausible.filter(({ value }) => value !== 0 && value !== false).length;
  const certainty = Math.sqrt(telling / Math.max(1, fields.length)) * (0.3 + (0.6 * telling) / (telling + 2));
  const confidence = Math.round(100 * (plausible.length / expected) * certainty) / 100;
  if (confidence < leastConfidence) return undefined;
  const reason = `Modbus unit ${unit} answers, and ${plausible.length} of ${expected} values are what they can be`;
  return { profile: name, confidence, reason, example, modbusUnit: unit };
}

function questionFor(request: ReadRequest, timeoutMs: number): Question {
  const isAnswer = (bytes: Uint8Array): boolean => rtuAnswer(request, bytes).kind !== 'failed';
  return { request: rtuRequest(request), timeoutMs, isAnswer };
}

/** What values of a unit can be, roughly: a number that was read of the wrong registers seldom is. */
const ranges: Readonly<Record<string, readonly [least: number, most: number]>> = {
  Hz: [40, 70],
  ppm: [0, 100_000],
  V: [-1_500, 1_500],
  A: [-5_000, 5_000],
  W: [-1e7, 1e7],
  Cel: [-60, 200],
  '%RH': [0, 100],
  '%': [-1, 110],
};

function isPlausible({ value, unit }: Field): boolean {
  if (typeof value === 'string') return value.length > 0 && !/[^ -~]/.test(value);
  if (typeof value !== 'number') return true;
  if (value === 0) return true;
  const size = Math.abs(value);
  if (size < 1e-6 || size > 1e12) return false;
  const range = unit === undefined ? undefined : ranges[unit];
  return range === undefined || (value >= range[0] && value <= range[1]);
}
