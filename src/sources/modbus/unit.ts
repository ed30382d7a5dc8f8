import type { MonotonicMs } from '../../core/time.ts';
import { fits, isConfusable, isOfOneForm } from '../../profiles/modbus/pdu.ts';

/** What a unit of a bus is asked. */
export interface PlannedUnit {
  /** Its address on the bus. */
  readonly unit: number;
  readonly everyMs: number;
  /** Requests that together read all that is wanted of it, as protocol data units. */
  readonly requests: readonly Uint8Array[];
}

/** One request that is made again and again. */
export interface Block {
  readonly unit: Unit;
  readonly pdu: Uint8Array;
  /** Other requests of its unit have answers of the same form, on a line that does not number them. */
  readonly isConfusable: boolean;
  dueAt: MonotonicMs;
  /** How often in a row it was refused for what it asks for. */
  refusals: number;
  /** The exception by which it was refused; undefined: it was not, or not often enough to be sure. */
  refusedBy: number | undefined;
}

/** A request that went out, and may still be answered. */
interface Attempt {
  readonly pdu: Uint8Array;
  readonly sentAt: MonotonicMs;
  /** Of a line that numbers requests. */
  readonly id: number;
  /** Something came that may have been the answer to it. */
  isSeen: boolean;
}

/** So many requests of a unit may be open to late answers; with more, none that one of those would fit goes out. */
const maxAttempts = 32;
/** Answers that are remembered to recognise a second copy of them: more than any unit gives in the time that counts. */
const maxRecent = 256;

/** Counts since this process started. */
export interface UnitCounts {
  asked: number;
  answered: number;
  unanswered: number;
  /** Requests whose answer came with a wrong checksum. */
  damaged: number;
  exceptions: number;
  /** Answers that came when nobody waited for them any more. */
  late: number;
  /** Answers that nobody had asked for, such as a second copy, or that could have been one. */
  stray: number;
}

/** What is known of one unit of a bus while it is asked. Pure: `now` is an argument. */
export class Unit {
  readonly unit: number;
  readonly everyMs: number;
  readonly blocks: readonly Block[];
  readonly counts: UnitCounts;
  /** How often in a row it was not heard at all. */
  missed = 0;
  /** It is not asked to read before. */
  restsUntil: MonotonicMs = 0;
  answeredAt: MonotonicMs | undefined;
  /** How long answers take, smoothed, in ms. */
  responseMs: number | undefined;
  /** When an answer came late for the last time, and how long that took, in ms. */
  lastLate: { readonly at: MonotonicMs; readonly afterMs: number } | undefined;
  /** Requests whose answers may still come, the oldest first. */
  readonly #attempts: Attempt[] = [];
  readonly #recent: { readonly pdu: Uint8Array; readonly answer: Uint8Array; readonly at: MonotonicMs }[] = [];

  /**
   * @param isNumbered the line numbers requests and answers, so that none is taken for another
   * @param before what was known of it on an earlier connection
   */
  constructor(plan: PlannedUnit, isNumbered: boolean, now: MonotonicMs, counts: UnitCounts, before?: Unit) {
    const { unit, everyMs, requests } = plan;
    this.unit = unit;
    this.everyMs = everyMs;
    this.counts = counts;
    if (before !== undefined) {
      const { missed, answeredAt, responseMs, lastLate } = before;
      Object.assign(this, { missed, answeredAt, responseMs, lastLate });
    }
    this.blocks = requests.map((pdu) => ({
      unit: this,
      pdu,
      isConfusable: !isNumbered && requests.some((other) => isConfusable(other, pdu)),
      dueAt: now,
      refusals: 0,
      refusedBy: undefined,
    }));
  }

  /** @param before what was sent before is too long ago to be answered */
  forget(before: MonotonicMs): void {
    while (this.#attempts.length > 0 && this.#attempts[0]!.sentAt <= before) this.#attempts.shift();
    while (this.#recent.length > 0 && this.#recent[0]!.at <= before) this.#recent.shift();
  }

  sent(pdu: Uint8Array, sentAt: MonotonicMs, id: number): void {
    this.counts.asked++;
    if (this.#attempts.length >= maxAttempts) this.#attempts.shift();
    this.#attempts.push({ pdu, sentAt, id, isSeen: false });
  }

  /** The one answer to the one request that is open: nothing else can come of it but a second copy. */
  settled(pdu: Uint8Array): void {
    const index = this.#attempts.findIndex((one) => one.pdu === pdu);
    if (index !== -1) this.#attempts.splice(index, 1);
  }

  /** When the last request went out whose answer may still come and would fit this one; undefined: there is none. */
  confusedSince(pdu: Uint8Array): MonotonicMs | undefined {
    if (this.#attempts.length >= maxAttempts) return this.#attempts[0]!.sentAt;
    return this.#attempts.findLast((one) => isOfOneForm(one.pdu, pdu))?.sentAt;
  }

  /** An answer came: of the requests that it fits it belongs to the oldest. @returns when that was sent */
  seen(answer: Uint8Array, id: number | undefined): MonotonicMs | undefined {
    const attempt = this.#attempts.find((one) => !one.isSeen && (id ?? one.id) === one.id && fits(one.pdu, answer));
    if (attempt === undefined) return undefined;
    attempt.isSeen = true;
    return attempt.sentAt;
  }

  remember(pdu: Uint8Array, answer: Uint8Array, at: MonotonicMs): void {
    const index = this.#recent.findIndex((one) => one.pdu === pdu && Buffer.compare(one.answer, answer) === 0);
    if (index !== -1) this.#recent.splice(index, 1);
    this.#recent.push({ pdu, answer, at });
    if (this.#recent.length > maxRecent) this.#recent.shift();
  }

  /**
   * Whether the same bytes were an answer of late: then this may be a second copy of that one.
   *
   * @returns to which request that was
   */
  copyOf(pdu: Uint8Array, answer: Uint8Array): 'this' | 'another' | undefined {
    let found: 'this' | undefined;
    for (const one of this.#recent) {
      if (!isOfOneForm(one.pdu, pdu) || Buffer.compare(one.answer, answer) !== 0) continue;
      if (isConfusable(one.pdu, pdu)) return 'another';
      found = 'this';
    }
    return found;
  }
}
