import type { RuleBook } from '../admission/rule-book.ts';
import { seriesOf } from '../admission/series.ts';
import type { Waiter } from '../buffer/batch.ts';
import type { MessageKind, ProfileVersion } from '../core/decoded.ts';
import type { Measurement } from '../core/measurement.ts';
import type { Bearer } from '../core/message.ts';
import type { Onlooker, Taken } from '../core/taken.ts';
import type { ClockQuality, UnixMs } from '../core/time.ts';
import type { Lot } from './lots.ts';

/** Tells bearers, counts what they are told, and takes back what the rules noted of a record that was not kept. */
export class Outcomes {
  readonly #rules: RuleBook;
  readonly #onlooker: Onlooker | undefined;
  confirmed = 0;
  refused = 0;

  constructor(rules: RuleBook, onlooker?: Onlooker) {
    this.#rules = rules;
    this.#onlooker = onlooker;
  }

  /** Tells who looks on. @param sequence as in {@link Taken} */
  show(seen: Seen | undefined, sequence: number): void {
    if (seen === undefined) return;
    seen.sequence = sequence;
    this.#onlooker?.taken(seen);
  }

  /** The same for records that have consecutive sequences. @param last that of the last one; 0: they have none */
  showAll(all: readonly (Seen | undefined)[], last: number): void {
    for (const [index, seen] of all.entries()) this.show(seen, last === 0 ? 0 : last - (all.length - 1 - index));
  }

  confirm(bearer: Bearer, sequence: number): void {
    this.confirmed++;
    bearer.taken(sequence);
  }

  refuse(bearer: Bearer, error: Error): void {
    this.refused++;
    bearer.refused(error);
  }

  /** What comes next of a series is not a repetition of what was not stored. */
  forget(rule: string, topic: string, series: string): void {
    this.#rules.forget(rule, topic, series);
  }

  settle({ bearer, rule, topic, series, seen }: Awaited, error: Error | undefined, sequence: number): void {
    // Refused, or dropped for want of room.
    if (error !== undefined || sequence === 0) this.forget(rule, topic, series);
    if (error !== undefined) {
      this.refuse(bearer, error);
      return;
    }
    this.show(seen, sequence);
    this.confirm(bearer, sequence);
  }
}

/** What whoever looks on is told of one measurement; it gets its sequence when that is known. */
export class Seen implements Taken {
  sequence = 0;
  readonly measurement: Measurement;
  readonly kind: MessageKind;
  readonly source: string;
  readonly topic: string;
  readonly receivedAtMs: UnixMs;
  readonly clockQuality: ClockQuality;
  readonly profile: ProfileVersion | undefined;
  readonly payload: Uint8Array | undefined;
  readonly traceId: string | undefined;

  constructor(
    measurement: Measurement,
    kind: MessageKind,
    source: string,
    topic: string,
    receivedAtMs: UnixMs,
    clockQuality: ClockQuality,
    profile: ProfileVersion | undefined,
    payload: Uint8Array | undefined,
    traceId: string | undefined,
  ) {
    this.measurement = measurement;
    this.kind = kind;
    this.source = source;
    this.topic = topic;
    this.receivedAtMs = receivedAtMs;
    this.clockQuality = clockQuality;
    this.profile = profile;
    this.payload = payload;
    this.traceId = traceId;
  }
}

/** A message whose record is on its way to the disk. One small object, because there are many of them. */
export class Awaited implements Waiter {
  readonly #outcomes: Outcomes;
  readonly bearer: Bearer;
  readonly rule: string;
  readonly topic: string;
  readonly series: string;
  readonly seen: Seen | undefined;

  constructor(outcomes: Outcomes, bearer: Bearer, rule: string, topic: string, series: string, seen: Seen | undefined) {
    this.#outcomes = outcomes;
    this.bearer = bearer;
    this.rule = rule;
    this.topic = topic;
    this.series = series;
    this.seen = seen;
  }

  settled(error: Error | undefined, sequence: number): void {
    this.#outcomes.settle(this, error, sequence);
  }
}

/**
 * A message that became several records. Its bearer is told once: that it was taken, when each lot is as durable as its rule
 * asks; that it was refused, when one was, and what became of the others is known. What was stored of it then comes again
 * with the rest, and is stored twice: the lesser evil, and only possible where its records went to several lanes.
 */
export class Several {
  readonly #outcomes: Outcomes;
  readonly #bearer: Bearer;
  readonly #topic: string;
  readonly #lots: readonly Lot[];
  /** What is still to be told; one of it is that everything has been appended. */
  #open = 1;
  #sequence = 0;
  #error: Error | undefined;

  constructor(outcomes: Outcomes, bearer: Bearer, topic: string, lots: readonly Lot[]) {
    this.#outcomes = outcomes;
    this.#bearer = bearer;
    this.#topic = topic;
    this.#lots = lots;
  }

  /** Nothing of it was appended, because one of its rules has no room. */
  refused(error: Error): void {
    for (const lot of this.#lots) this.#forget(lot);
    this.#outcomes.refuse(this.#bearer, error);
  }

  /** The message has to wait for a lot. */
  awaiting(lot: Lot, seen: readonly (Seen | undefined)[]): Waiter {
    this.#open++;
    return {
      settled: (error, sequence) => {
        if (error !== undefined || sequence === 0) this.#forget(lot);
        if (error === undefined) this.#outcomes.showAll(seen, sequence);
        this.#error ??= error;
        this.#sequence = Math.max(this.#sequence, sequence);
        this.#tellWhenAllIsKnown();
      },
    };
  }

  /** No more lots come. */
  appended(): void {
    this.#tellWhenAllIsKnown();
  }

  #tellWhenAllIsKnown(): void {
    if (--this.#open > 0) return;
    if (this.#error === undefined) this.#outcomes.confirm(this.#bearer, this.#sequence);
    else this.#outcomes.refuse(this.#bearer, this.#error);
  }

  #forget({ handling, measurements }: Lot): void {
    for (const measurement of measurements) this.#outcomes.forget(handling.rule, this.#topic, seriesOf(measurement));
  }
}
