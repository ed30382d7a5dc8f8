import type { ProtoCursor } from '../lib/proto-cursor.ts';

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the range of google.protobuf.Timestamp.
const minSeconds = -62_135_596_800;
const maxSeconds = 253_402_300_799;
const slots = 64;

const millis = Array.from({ length: 1000 }, (_, ms) => `.${String(ms).padStart(3, '0')}Z`);

/** Reads timestamps as RFC 3339. Records of one second share its text, so that few of them ask the calendar. */
export class TimestampCache {
  readonly #seconds: number[] = new Array(slots).fill(Number.NaN);
  readonly #prefixes: string[] = new Array(slots).fill('');

  /**
   * Reads a length-delimited `google.protobuf.Timestamp`; its text is as {@link format} says.
   *
   * @param shiftMs added to it, in whole milliseconds
   */
  read(cursor: ProtoCursor, shiftMs = 0): string | undefined {
    const stop = cursor.span();
    const whole = cursor.end;
    cursor.end = stop;
    let seconds = 0;
    let nanos = 0;
    while (cursor.at < stop) {
      const field = cursor.tag();
      if (field === 0x08) seconds = cursor.int64();
      else if (field === 0x10) nanos = cursor.bits32();
      else cursor.skip(field);
    }
    cursor.end = whole;
    if (shiftMs === 0 || nanos < 0 || nanos > 999_999_999) return this.format(seconds, nanos);
    const shifted = nanos + (shiftMs % 1000) * 1_000_000;
    const carried = Math.floor(shifted / 1_000_000_000);
    return this.format(seconds + Math.trunc(shiftMs / 1000) + carried, shifted - carried * 1_000_000_000);
  }

  /**
   * UTC with 3, 6 or 9 digits after the second (3 also when they are 0, so that times sort as texts do).
   * Undefined when it is no time of the years 1 to 9999, or `nanos` is not 0 to 999,999,999.
   */
  format(seconds: number, nanos: number): string | undefined {
    if (!(seconds >= minSeconds && seconds <= maxSeconds && nanos >= 0 && nanos <= 999_999_999)) return undefined;
    const prefix = this.#prefixOf(seconds);
    const ms = nanos / 1_000_000;
    const whole = Math.trunc(ms);
    if (ms === whole) return prefix + millis[whole];
    const digits = String(nanos).padStart(9, '0');
    return `${prefix}.${nanos % 1000 === 0 ? digits.slice(0, 6) : digits}Z`;
  }

  #prefixOf(seconds: number): string {
    const slot = seconds & (slots - 1);
    if (this.#seconds[slot] !== seconds) {
      this.#seconds[slot] = seconds;
      this.#prefixes[slot] = new Date(seconds * 1000).toISOString().slice(0, 19);
    }
    return this.#prefixes[slot]!;
  }
}
