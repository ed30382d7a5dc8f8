import type { Library } from './library.ts';
import { guessModbus, modbusLines } from './modbus-guess.ts';
import type { DecodeOptions } from './options.ts';
import { guessProfiles, type LineGuess, type SerialGuess } from './serial-guess.ts';
import { serialLineOf } from './serial-line.ts';

/** Something that is sent to an unknown device, to see what it answers. */
export interface Question {
  readonly request: Uint8Array;
  /** How long the answer may take to begin. */
  readonly timeoutMs: number;
  /** Whether that is all of the answer; absent: it is over when the line falls silent. */
  readonly isAnswer?: (bytes: Uint8Array) => boolean;
}

/** Questions one after the other, each of which is given what came after it. In the end, what the device may be. */
export type Interrogation = Generator<Question, readonly SerialGuess[], Uint8Array>;

/** How long devices that are there take to begin to answer, in ms. */
export interface Patience {
  /** What a profile asks, at the most. Default 600. */
  readonly pollMs: number;
  /** A Modbus request. Default 250. */
  readonly modbusMs: number;
}

const usualPatience: Patience = { pollMs: 600, modbusMs: 250 };
const sureEnough = 0.75;

/**
 * What a device that says nothing by itself may be: asked at one speed what profiles of that speed ask their devices, then Modbus units 1 to
 * 10 and 247 for their first register, and those that answer for the registers of each profile. Nothing of this writes to a Modbus device.
 */
export function* interrogation(
  line: LineGuess,
  library: Library,
  options: Omit<DecodeOptions, 'profiles' | 'profileDirs'>,
  { pollMs, modbusMs } = usualPatience,
): Interrogation {
  const guesses: SerialGuess[] = [];
  for (const { question, profiles } of pollQuestions(line, library, pollMs)) {
    const heard = yield question;
    if (heard.length === 0) continue;
    guesses.push(...guessProfiles(heard, library, options, profiles).filter(({ profile }) => profiles.has(profile)));
    if (guesses.some(({ confidence }) => confidence >= sureEnough)) return inOrder(guesses);
  }
  if (modbusLines.some(({ baud, format }) => baud === line.baud && format === line.format))
    guesses.push(...(yield* guessModbus(line, library, options, modbusMs)));
  return inOrder(guesses);
}

const inOrder = (guesses: SerialGuess[]): SerialGuess[] => guesses.sort((a, b) => b.confidence - a.confidence);

interface PollQuestion {
  readonly question: Question;
  /** The profiles that ask this. */
  readonly profiles: Set<string>;
}

/** What profiles of this speed ask, each thing once. */
function pollQuestions({ baud, format }: LineGuess, library: Library, pollMs: number): PollQuestion[] {
  const found = new Map<string, PollQuestion>();
  for (const [name, profile] of library.profiles) {
    const line = serialLineOf(name, profile);
    if (typeof line === 'string' || line.format !== format || !profile.options.serial?.baud.includes(baud)) continue;
    for (const { request, timeoutMs } of line.polls) {
      const key = Buffer.from(request).toString('hex');
      const before = found.get(key);
      if (before !== undefined) before.profiles.add(name);
      else {
        const question = { request, timeoutMs: Math.min(timeoutMs, pollMs) };
        found.set(key, { question, profiles: new Set([name]) });
      }
    }
  }
  return [...found.values()];
}
