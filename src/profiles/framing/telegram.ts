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
  /** Where STX stands, and the `!` of the end line; -1: not yet. */
  #stxAt = -1;
  #markAt = -1;
  /** What was looked at, without coming to an end. */
  #looked = 0;

  constructor(max: number, takesPartial: boolean) {
    this.max = max;
    this.#takesPartial = takesPartial;
  }

  cut(waiting: Uint8Array, seen: number, isSilent: boolean): Cut {
    const first = waiting[0]!;
    if (first === cr || first === lf) return separator(1);
    if (first === slash && waiting[1] === question) return cutRequest(waiting, isSilent);
    const head = first === stx ? 'is' : headAt(waiting, 0);
    if (head === 'isNot' && !this.#takesPartial) return discard(nextHead(waiting, 1), 'noise');
    if (seen === 0) {
      this.#stxAt = this.#markAt = -1;
      this.#looked = 0;
    }
    const cut = this.#look(waiting);
    if (cut) return cut;
    if (isSilent) return this.#isWhole(waiting) ? frame(waiting.length, waiting) : discard(waiting.length, 'cutOff');
    return waiting.length > this.max ? discard(waiting.length, 'tooLong') : undefined;
  }

  /** Goes on to where the telegram ends, or another one begins because the end got lost. */
  #look(waiting: Uint8Array): Cut {
    for (; this.#looked < waiting.length; this.#looked++) {
      const at = this.#looked;
      const byte = waiting[at]!;
      const before = at === 0 ? lf : waiting[at - 1]!;
      const beginsLine = before === lf || before === cr;
      if (byte === slash && beginsLine && at > 0) {
        const head = headAt(waiting, at);
        if (head === 'is') return discard(at, 'cutOff');
        if (head === 'mayBe') return undefined;
      } else if (byte === etx && this.#stxAt >= 0) {
        // Behind ETX stands the check byte.
        return at + 2 <= waiting.length ? frame(at + 2, waiting.subarray(0, at + 2)) : undefined;
      } else if (this.#markAt >= 0) {
        if (byte !== lf) continue;
        // What begins with STX ends with ETX; some heads leave both out of the end.
        if (this.#stxAt >= 0 && waiting.length === at + 1) return undefined;
        if (this.#stxAt < 0 || waiting[at + 1] !== etx) return frame(at + 1, waiting.subarray(0, at + 1));
      } else if (byte === stx) {
        if (this.#stxAt < 0) this.#stxAt = at;
      }
      // Heat meters put several values into a line, and the end behind the last one.
      else if (byte === bang && (beginsLine || before === stx || before === close)) this.#markAt = at;
    }
    return undefined;
  }

  /** Whether what came before a silence can be read: its end lacks something, or it is an identification line. */
  #isWhole(waiting: Uint8Array): boolean {
    if (this.#markAt >= 0) return true;
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
