import type { Decoded } from '../core/decoded.ts';
import { ProfileDecoder } from './decoder.ts';
import { createFramer } from './framing/framing.ts';
import type { FramingOptions } from './framing/options.ts';
import { compiledIn, type Library } from './library.ts';
import type { DecodeOptions } from './options.ts';

/** What a device on a serial port may be. */
export interface SerialGuess {
  readonly profile: string;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly reason: string;
  /** Its newest frame that says something. */
  readonly example: Decoded;
  /** The Modbus unit that answered. */
  readonly modbusUnit?: number;
}

/** How a line may be set. */
export interface LineGuess {
  readonly baud: number;
  /** `8N1` */
  readonly format: string;
}

/** Below it, it could as well be anything else. */
const leastConfidence = 0.4;

/** A device that has to be asked hardly speaks unasked. */
const unasked = 0.9;

/**
 * What a device may be by what it says unasked, the likeliest first: a profile is the more likely the more of the bytes it
 * has a frame for that it can read, and the less could be such a frame by chance.
 *
 * @param bytes as they were read; that may begin and end in the middle of a frame
 * @param asked profiles whose own question this answers
 */
export function guessProfiles(
  bytes: Uint8Array,
  library: Library,
  options: Omit<DecodeOptions, 'profiles' | 'profileDirs'>,
  asked?: ReadonlySet<string>,
): SerialGuess[] {
  const decoder = new ProfileDecoder({ options, profiles: compiledIn(library) });
  const guesses: SerialGuess[] = [];
  for (const { compiled, options: said } of library.profiles.values()) {
    const { framing, name } = compiled;
    if (framing === undefined || framing.kind === 'silence') continue;
    // Before an answer there is nothing of which half could be missing.
    const framer = createFramer(framing, asked === undefined);
    const { frames, discarded } = framer.push(bytes);
    const rest = framer.silence();
    let example: Decoded | undefined;
    let read = 0;
    let count = 0;
    for (const { payload, taken } of frames) {
      const decoded = decoder.decodeBy(compiled, { source: 'serial', topic: 'port', payload }, 0);
      if (decoded.kind !== 'measurement') continue;
      example = decoded;
      read += taken;
      count++;
    }
    if (example === undefined) continue;
    // What was cut off by the beginning and the end of listening speaks against nobody.
    const cut = [...discarded.slice(0, 1), ...rest.discarded].filter(
      ({ reason }) => reason === 'cutOff' || reason === 'noise',
    );
    const cutBytes = Math.min(
      bytes.length - read,
      cut.reduce((sum, one) => sum + one.bytes, 0),
      read,
    );
    const share = read / Math.max(1, bytes.length - cutBytes);
    const confidence =
      Math.round(
        share * certaintyOf(framing, name) * (said.poll === undefined || asked?.has(name) ? 1 : unasked) * 100,
      ) / 100;
    if (confidence < leastConfidence) continue;
    const reason = `${count} of its frames ${count === 1 ? 'has' : 'have'} ${Math.round(share * 100)} % of the bytes`;
    guesses.push({ profile: name, confidence, reason, example });
  }
  return guesses.sort((a, b) => b.confidence - a.confidence || fieldCount(b.example) - fieldCount(a.example));
}

const fieldCount = ({ measurements }: Decoded): number =>
  measurements.reduce((sum, { fields }) => sum + fields.length, 0);

/** How far a frame that could be read tells that it is one. */
function certaintyOf({ kind, checksum }: FramingOptions, profile: string): number {
  if (profile.startsWith('generic/')) return 0.5;
  if (checksum !== undefined || kind === 'nmea' || kind === 'telegram' || kind === 'sml') return 1;
  return kind === 'firmata' ? 0.5 : 0.8;
}

/** How lines of devices are set, the usual ones first. */
export function lineGuesses({ profiles }: Library): LineGuess[] {
  const counts = new Map<string, number>();
  for (const { options } of profiles.values()) {
    const { serial, framing } = options;
    if (serial === undefined || framing === undefined) continue;
    for (const [index, baud] of serial.baud.entries()) {
      const key = `${baud} ${serial.format ?? '8N1'}`;
      counts.set(key, (counts.get(key) ?? 0) + 1 / (1 + index));
    }
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([key]) => {
      const [baud, format] = key.split(' ');
      return { baud: Number(baud), format: format! };
    });
}
