import { RE2JS } from 're2js';
import type { AcknowledgeOptions } from './language/line-options.ts';

/** How a device is told that its frames were taken. */
export interface Acknowledgement {
  /** What is sent for a frame; undefined: it wants nothing. */
  readonly reply: (frame: Uint8Array) => Uint8Array | undefined;
  /** What is sent for a damaged frame; undefined: nothing. */
  readonly refusal: Uint8Array | undefined;
  /** The same bytes directly after, within this time in ms, are the same frame. Infinite: whenever they come. */
  readonly againMs: number;
  /** Bytes between frames that are no data, and what is sent for each. */
  readonly signals: ReadonlyMap<number, Uint8Array>;
}

export function acknowledgementOf(options: AcknowledgeOptions): Acknowledgement {
  const { when, number, again, refuse, signals = {} } = options;
  const isWanted = when === undefined ? undefined : RE2JS.compile(when);
  const build = builderOf(options);
  return {
    reply: (frame) => {
      if (isWanted !== undefined && !isWanted.matcher(latin1(frame)).find()) return undefined;
      return build(number === undefined ? noBytes : numberIn(frame, number));
    },
    refusal: refuse && builderOf(refuse)(noBytes),
    againMs: number === undefined ? again : Number.POSITIVE_INFINITY,
    signals: new Map(Object.entries(signals).map(([byte, answer]) => [Number.parseInt(byte, 16), fromHex(answer)])),
  };
}

const noBytes = new Uint8Array();

/** Makes what is written, with a frame's number in it. */
function builderOf({ text, hex = '' }: { text?: string; hex?: string }): (number: Uint8Array) => Uint8Array {
  const parts = (text ?? hex).split('{number}').map((part) => (text === undefined ? fromHex(part) : Buffer.from(part)));
  if (parts.length === 1) return () => parts[0]!;
  return (number) => Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [number, part])));
}

function numberIn(frame: Uint8Array, { at, length }: NonNullable<AcknowledgeOptions['number']>): Uint8Array {
  const begin = at < 0 ? Math.max(0, frame.length + at) : at;
  return frame.subarray(begin, begin + length);
}

const fromHex = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
