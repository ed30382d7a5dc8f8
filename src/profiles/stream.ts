import type { Decoded } from '../core/decoded.ts';
import type { UnixMs } from '../core/time.ts';
import type { ProfileDecoder } from './decoder.ts';
import type { Discarded } from './framing/framer.ts';
import { createFramer } from './framing/framing.ts';
import type { FramingOptions } from './framing/options.ts';
import type { CompiledProfile } from './language/compiled.ts';

const lineEnd = Uint8Array.of(0x0a);

/** What came over a serial port. */
export interface DecodedStream {
  /** One for each frame. */
  readonly messages: readonly Decoded[];
  /** What was in no frame. */
  readonly discarded: readonly Discarded[];
}

/**
 * Decodes bytes as they came over a serial port, from the first to the last: for tools and tests, which have them all.
 *
 * @param port the port's name
 */
export function decodeStream(
  decoder: ProfileDecoder,
  profile: CompiledProfile,
  port: string,
  bytes: Uint8Array,
  receivedAtMs: UnixMs,
): DecodedStream {
  const { framing } = profile;
  if (framing === undefined) {
    // A device on a bus that is asked and answers: the bytes are one exchange.
    return {
      messages: [decoder.decodeBy(profile, { source: 'serial', topic: port, payload: bytes }, receivedAtMs)],
      discarded: [],
    };
  }
  const framer = createFramer(framing);
  const pushed = framer.push(isLineOpen(framing.kind, bytes) ? Buffer.concat([bytes, lineEnd]) : bytes);
  const rest = framer.silence();
  const frames = [...pushed.frames, ...rest.frames];
  const messages = frames.map(({ payload }) =>
    decoder.decodeBy(profile, { source: 'serial', topic: port, payload }, receivedAtMs),
  );
  return { messages, discarded: [...pushed.discarded, ...rest.discarded] };
}

/** Where the bytes end the line does too: who types a line or copies it seldom has its line end. */
function isLineOpen(kind: FramingOptions['kind'], bytes: Uint8Array): boolean {
  const begin = Math.max(bytes.lastIndexOf(0x0a), bytes.lastIndexOf(0x0d)) + 1;
  if (kind === 'lines') return begin < bytes.length;
  return kind === 'nmea' && (bytes.lastIndexOf(0x24) >= begin || bytes.lastIndexOf(0x21) >= begin);
}

/** All that a stream says, as if it were one message. */
export function asOne({ messages, discarded }: DecodedStream): Decoded {
  const [first, ...others] = messages;
  if (first === undefined) {
    const failure = noFrame(discarded);
    const measurements: Decoded['measurements'] = [{ deviceId: '', fields: [] }];
    return { kind: 'failed', deviceId: '', measurements, keepPayload: true, failure };
  }
  const [measurement, ...more] = first.measurements;
  return { ...first, measurements: [measurement, ...more, ...others.flatMap((one) => one.measurements)] };
}

/** Why there is no frame in bytes, as a sentence. */
export function noFrame(discarded: readonly Discarded[]): string {
  const [first] = discarded;
  if (first === undefined) return 'there is no frame in it';
  const sample = Buffer.from(first.sample).toString('hex');
  return `${first.bytes} bytes are in no frame (${reasonFor(first)}): ${sample}${first.bytes > first.sample.length ? ' …' : ''}`;
}

/** Why bytes are in no frame, as part of a sentence. */
export function reasonFor({ reason }: Discarded): string {
  return reasons[reason];
}

const reasons: Readonly<Record<Discarded['reason'], string>> = {
  noise: 'no frame begins there',
  checksum: 'the checksum says that the frame was damaged',
  malformed: 'they break the rules of the framing',
  cutOff: 'the beginning or the end of the frame is missing',
  tooLong: 'the frame has no end',
};
