import { type Cut, type Cutter, discard, frame, mayBegin } from './cut.ts';

const start = Uint8Array.of(0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1);
const escapes = start.subarray(0, 4);

/**
 * SML's transport, version 1 (BSI TR-03109-1, annex IV, § 8): from its start to its end sequence, in groups of four bytes. The
 * content is all of it, with its escapes and its CRC.
 */
export class SmlFiles implements Cutter {
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  cut(waiting: Uint8Array, _seen: number, isSilent: boolean): Cut {
    const noise = nextStart(waiting, 0);
    if (noise > 0) return discard(noise, 'noise');
    if (waiting.length < start.length) return undefined;
    const next = strayStart(waiting);
    for (let at = start.length; at + 8 <= waiting.length && (next === undefined || at < next); at += 4) {
      if (!mayBegin(waiting, at, escapes)) continue;
      // Two in a row stand for the four bytes themselves.
      if (mayBegin(waiting, at + 4, escapes)) at += 4;
      else if (waiting[at + 4] === 0x1a) return frame(at + 8, waiting.subarray(0, at + 8));
      else if (mayBegin(waiting, at, start)) return discard(at, 'cutOff');
    }
    if (next !== undefined) return discard(next, 'cutOff');
    if (isSilent) return discard(nextStart(waiting, 1), 'cutOff');
    return waiting.length > this.max ? discard(nextStart(waiting, 1), 'tooLong') : undefined;
  }
}

/** A start sequence that is not in step with the groups of four: bytes before it were lost. */
function strayStart(waiting: Uint8Array): number | undefined {
  for (let at = waiting.indexOf(0x1b, 1); at >= 0 && at + start.length <= waiting.length; ) {
    if (at % 4 !== 0 && mayBegin(waiting, at, start)) return at;
    at = waiting.indexOf(0x1b, at + 1);
  }
  return undefined;
}

function nextStart(waiting: Uint8Array, from: number): number {
  for (let at = waiting.indexOf(0x1b, from); at >= 0; at = waiting.indexOf(0x1b, at + 1)) {
    if (mayBegin(waiting, at, start)) return at;
  }
  return waiting.length;
}
