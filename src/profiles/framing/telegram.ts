import { type Cut, type Cutter, discard, frame, separator } from './cut.ts';

const stx = 0x02;
const etx = 0x03;
const lf = 0x0a;
const cr = 0x0d;
const bang = 0x21;
const open = 0x28;
const close = 0x29;
const slash = 0x2f;
const question = 0x3f;

/**
 * Meters' telegrams as text: DSMR P1 from `/` to the line `!CRC`, and the readouts of IEC 62056-21, from `/` or STX to ETX and
 * its check byte, or to the line `!` when they have no STX. The content is all of it. An identification line that nothing
 * follows until the line is silent is a frame too: in mode C the meter waits for an answer to it.
 */
export class Telegrams implements Cutter {
  readonly max: number;
  /** Whether what is left of one whose beginning was missed is passed on. */
  readonly #takesPartial: boolean;

  constructor(max: number, takesPartial: boolean) {
    this.max = max;
    this.#takesPartial = takesPartial;
  }

  cut(waiting: Uint8Array, _seen: number, isSilent: boolean): Cut {
    const first = waiting[0]!;
    if (first === cr || first === lf) return separator(1);
    if (first === slash && waiting[1] === question) return cutRequest(waiting, isSilent);
    const head = first === stx ? 'is' : headAt(waiting, 0);
    if (head === 'isNot' && !this.#takesPartial) return discard(nextHead(waiting, 1), 'noise');
    const end = endOf(waiting);
    const next = nextLineHead(waiting);
    if (next !== undefined && (end === undefined || next < end)) return discard(next, 'cutOff');
    if (end !== undefined) return frame(end, waiting.subarray(0, end));
    if (isSilent) {
      if (this.#isWhole(waiting)) return frame(waiting.length, waiting);
      return discard(nextHead(waiting, 1), 'cutOff');
    }
    return waiting.length > this.max ? discard(nextHead(waiting, 1), 'tooLong') : undefined;
  }

  /** Whether what came before a silence can be read: its last line lacks its end, or it is an identification line. */
  #isWhole(waiting: Uint8Array): boolean {
    if (lineWith(bang, waiting) !== undefined) return true;
    if (waiting[0] === slash && waiting.indexOf(lf) === waiting.length - 1) return true;
    return this.#takesPartial && waiting.includes(open) && waiting.includes(lf);
  }
}

/** How long a reader's request can be: `/?`, an address of 32 characters, `!`, CR LF (IEC 62056-21 § 6.3.1). */
const maxRequest = 37;

/** A reader's own request, which an optical head echoes. */
function cutRequest(waiting: Uint8Array, isSilent: boolean): Cut {
  const end = waiting.indexOf(lf);
  if (end >= 0 && end < maxRequest) return separator(end + 1);
  return isSilent || waiting.length >= maxRequest ? discard(1, 'noise') : undefined;
}

/** Where the telegram that begins at 0 ends; undefined: not here yet. */
function endOf(waiting: Uint8Array): number | undefined {
  const mark = lineWith(bang, waiting);
  const begin = waiting.indexOf(stx);
  if (begin >= 0 && (mark === undefined || begin < mark)) {
    const end = waiting.indexOf(etx, begin);
    // Behind ETX stands the check byte.
    return end >= 0 && end + 2 <= waiting.length ? end + 2 : undefined;
  }
  if (mark === undefined) return undefined;
  const end = waiting.indexOf(lf, mark);
  return end < 0 ? undefined : end + 1;
}

/** The first line that begins with `byte`; an end mark may also stand behind a value. */
function lineWith(byte: number, waiting: Uint8Array, from = 0): number | undefined {
  for (let at = waiting.indexOf(byte, from); at >= 0; at = waiting.indexOf(byte, at + 1)) {
    const before = waiting[at - 1];
    if (at === 0 || before === lf || before === cr || before === stx) return at;
    // Heat meters put several values into a line, and the end behind the last one.
    if (byte === bang && before === close) return at;
  }
  return undefined;
}

/** A telegram that begins inside another one, whose end got lost. */
function nextLineHead(waiting: Uint8Array): number | undefined {
  for (let at = lineWith(slash, waiting, 1); at !== undefined; at = lineWith(slash, waiting, at + 1)) {
    if (headAt(waiting, at) === 'is') return at;
  }
  return undefined;
}

/** Where one may begin, at the earliest at `from`. */
function nextHead(waiting: Uint8Array, from: number): number {
  for (let at = from; at < waiting.length; at++) {
    if (waiting[at] === stx || (waiting[at] === slash && headAt(waiting, at) !== 'isNot')) return at;
  }
  return waiting.length;
}

/** An identification begins with `/` and three letters, the manufacturer's; a slash may also be that of a unit, `m3/h`. */
function headAt(waiting: Uint8Array, at: number): 'is' | 'mayBe' | 'isNot' {
  if (waiting[at] !== slash) return 'isNot';
  if (waiting[at + 1] === question) return 'is';
  for (let i = at + 1; i <= at + 3; i++) {
    const byte = waiting[i];
    if (byte === undefined) return 'mayBe';
    const lower = byte | 0x20;
    if (lower < 0x61 || lower > 0x7a) return 'isNot';
  }
  const behind = waiting[at + 4];
  return behind === undefined ? 'mayBe' : behind === close ? 'isNot' : 'is';
}
