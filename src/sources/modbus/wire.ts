import { answerSize, isRead, sizeFrom } from '../../profiles/modbus/pdu.ts';
import { isFrame, rtuFrame } from '../../profiles/modbus/rtu.ts';
import type { Question } from './step.ts';

/** An answer as it came over a line. */
export interface HeardAnswer {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** Its number on a line that numbers requests. */
  readonly id?: number;
}

/** How requests and answers go over a line: from one to bytes, and from bytes to the other. */
export interface Wire {
  /** Requests and answers have numbers. */
  readonly isNumbered: boolean;
  /** The bytes of a request; what was heard before belongs to no answer any more. */
  send(question: Question): Uint8Array;
  /** @returns answers that are whole now, in their order; a sentence: why nothing more can be made of this line's bytes */
  push(bytes: Uint8Array): readonly HeardAnswer[] | string;
  /** The line is silent. @returns what has come since the request is no answer, and was one: nothing else will come */
  isDamaged(): boolean;
  /** Bytes that belonged to no answer. */
  readonly strayBytes: number;
}

/**
 * So many places where an answer could begin are tried at once: among 256 bytes of noise there are a few, and more only where
 * somebody means to keep this process busy.
 */
const maxTried = 64;
/** The longest frame (Modbus over Serial Line 1.02 § 2.5.1). */
const maxFrame = 256;

/**
 * Answers out of the bytes of a serial line, told by their CRC: what lies between is passed over, be it an echo of the request,
 * noise, or the rest of a late answer.
 */
export class RtuWire implements Wire {
  readonly isNumbered = false;
  readonly #units: ReadonlySet<number>;
  #bytes = Buffer.alloc(0);
  #stray = 0;
  /** Of the request that is open. */
  #expected = 0;
  /** What an adapter that hears itself would say first. */
  #echo: Uint8Array | undefined;
  #hasEcho = false;

  constructor(units: ReadonlySet<number>) {
    this.#units = units;
  }

  get strayBytes(): number {
    return this.#stray + this.#bytes.length;
  }

  send({ unit, pdu }: Question): Uint8Array {
    this.#drop(this.#bytes.length);
    const frame = rtuFrame(unit, pdu);
    this.#expected = answerSize(pdu) + 3;
    // The answer to a write may be the same bytes: they are an echo only where the line is known to have one.
    this.#echo = isRead(pdu[0]!) || this.#hasEcho ? frame : undefined;
    return frame;
  }

  push(bytes: Uint8Array): HeardAnswer[] {
    const answers: HeardAnswer[] = [];
    for (let from = 0; from < bytes.length; from += maxFrame) {
      this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(from, from + maxFrame)]);
      if (!this.#passEcho()) continue;
      for (let found = this.#find(); found !== undefined; found = this.#find()) answers.push(found);
      if (this.#bytes.length > maxFrame) this.#drop(this.#bytes.length - maxFrame);
    }
    return answers;
  }

  isDamaged(): boolean {
    return this.#bytes.length >= this.#expected;
  }

  #drop(count: number): void {
    this.#stray += count;
    this.#bytes = this.#bytes.subarray(count);
  }

  /** @returns false: more has to come to tell */
  #passEcho(): boolean {
    const echo = this.#echo;
    if (echo === undefined) return true;
    const there = this.#bytes.subarray(0, echo.length);
    if (Buffer.compare(there, echo.subarray(0, there.length)) === 0) {
      if (there.length < echo.length) return false;
      this.#hasEcho = true;
      this.#bytes = this.#bytes.subarray(echo.length);
    }
    this.#echo = undefined;
    return true;
  }

  /** Takes out the first whole answer, and what lies before it. */
  #find(): HeardAnswer | undefined {
    const bytes = this.#bytes;
    let tried = 0;
    for (let at = 0; at + 5 <= bytes.length; at++) {
      if (!this.#units.has(bytes[at]!)) continue;
      const size = sizeFrom(bytes, at + 1);
      const end = size === undefined ? Number.POSITIVE_INFINITY : at + size + 3;
      if (end > bytes.length || tried++ >= maxTried || !isFrame(bytes, at, end)) continue;
      this.#stray += at;
      this.#bytes = bytes.subarray(end);
      return { unit: bytes[at]!, pdu: Uint8Array.prototype.slice.call(bytes, at + 1, end - 2) };
    }
    return undefined;
  }
}
