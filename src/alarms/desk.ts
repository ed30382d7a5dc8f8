import { HeadgateError } from '../core/errors.ts';
import type { ClockQuality, MonotonicMs, UnixMs } from '../core/time.ts';
import type { Alarm, AlarmValue, Subject } from './alarm.ts';
import { type AlarmInput, type AlarmState, type ClearReason, evaluate } from './alarm-state.ts';
import type { AlarmBook } from './book.ts';
import type { Change } from './event.ts';

export interface DeskDependencies {
  readonly book: AlarmBook;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => MonotonicMs;
  readonly now: () => UnixMs;
  readonly quality: () => ClockQuality;
  /** What everybody has to be told of. */
  readonly tell: (change: Change, alarm: Alarm, atMs: UnixMs) => void;
}

/** What was seen of something. */
export interface Sight {
  readonly input: AlarmInput;
  readonly value?: AlarmValue | undefined;
  readonly unit?: string | undefined;
  /** What is wrong, in a sentence; asked when an alarm begins or is raised. */
  readonly text: () => string;
  /** In ms: see `AlarmTerms`. */
  readonly forMs: number;
  readonly clearForMs: number;
}

/** What comes and goes has to stay away for so long before it is over. */
const flappingHoldMs = 60_000;

/** Where what is seen becomes alarms: the state machine with its clocks, its book, and who is told. */
export class AlarmDesk {
  readonly #deps: DeskDependencies;
  /** How the rule of an alarm that is not over wants time to count, as was seen last. */
  readonly #terms = new WeakMap<Alarm, Pick<Sight, 'forMs' | 'clearForMs'>>();

  constructor(deps: DeskDependencies) {
    this.#deps = deps;
  }

  /** @param alarm of the subject, where it has one that is not over */
  see(subject: Subject, alarm: Alarm | undefined, sight: Sight): Alarm | undefined {
    const { book, now } = this.#deps;
    const { input, value, unit, text } = sight;
    if (alarm === undefined) {
      if (input.name !== 'violating') return undefined;
      const begun = book.begin(subject, { value, unit, text: text(), sinceMs: now() });
      if (begun === undefined) return undefined;
      this.#terms.set(begun, sight);
      this.#step(begun, input);
      return begun;
    }
    this.#terms.set(alarm, sight);
    if (value !== undefined) {
      alarm.value = value;
      alarm.unit = unit;
    }
    if (input.name === 'violating' && alarm.state.name === 'pending') alarm.text = text();
    this.#step(alarm, input);
    return alarm;
  }

  /** How time counts for an alarm of an earlier run, before it is seen again. */
  expect(alarm: Alarm, terms: Pick<Sight, 'forMs' | 'clearForMs'>): void {
    this.#terms.set(alarm, terms);
  }

  /** Time has gone by. */
  tick(): void {
    const { book } = this.#deps;
    for (const alarm of book.timed()) this.#step(alarm, { name: 'time' });
    book.keepPending();
  }

  /**
   * @param note of whoever knows; empty: none
   * @throws {HeadgateError} request.unknown, request.conflict
   */
  acknowledge(id: string, by: string, note: string): Alarm {
    const alarm = this.#deps.book.get(id);
    if (alarm === undefined) throw new HeadgateError('request.unknown', 'There is no alarm of this id.');
    const { name } = alarm.state;
    if (name === 'acknowledged') {
      const who = alarm.acknowledged?.by ?? 'somebody';
      throw new HeadgateError('request.conflict', `The alarm was acknowledged by ${who} already.`);
    }
    if (name !== 'active') {
      const why = name === 'pending' ? 'has not been raised yet' : 'is over';
      throw new HeadgateError('request.conflict', `The alarm ${why}: there is nothing to acknowledge.`);
    }
    alarm.acknowledged = { atMs: this.#deps.now(), by, note };
    this.#step(alarm, { name: 'acknowledge' });
    return alarm;
  }

  /** What an alarm was about is gone. */
  withdraw(alarm: Alarm, because: Exclude<ClearReason, 'returned'>): void {
    this.#step(alarm, { name: 'withdraw', because });
  }

  #step(alarm: Alarm, input: AlarmInput): void {
    const { book, operatingMs, now, quality, tell } = this.#deps;
    // One of an earlier run that was not seen since waits for as long as it may until it is.
    const { forMs, clearForMs } = this.#terms.get(alarm) ?? { forMs: Number.POSITIVE_INFINITY, clearForMs: 0 };
    const holdMs = alarm.isFlapping ? Math.max(clearForMs, flappingHoldMs) : clearForMs;
    const before = alarm.state;
    const after = evaluate(before, input, { forMs, holdMs }, operatingMs());
    if (after === before) return;
    alarm.state = after;
    const change = changeOf(before, after);
    const atMs = now();
    if (change === 'raised') {
      alarm.raised = { atMs, quality: quality() };
      alarm.isFlapping = book.noteRaise(alarm.subject, operatingMs());
    }
    if (change === 'cleared') alarm.clearedMs = atMs;
    book.changed(alarm);
    if (change !== undefined) tell(change, alarm, atMs);
  }
}

/** What of a change of state is told. */
function changeOf(before: AlarmState, after: AlarmState): Change | undefined {
  if (after.name === before.name) return undefined;
  switch (after.name) {
    case 'active':
      return 'raised';
    case 'acknowledged':
    case 'cleared':
      return after.name;
    case 'ok':
    case 'pending':
      return undefined;
  }
}
