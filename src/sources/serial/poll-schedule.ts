import type { MonotonicMs } from '../../core/time.ts';
import type { Poll } from '../../profiles/serial-line.ts';

/** A device that doesn't answer is asked ever more rarely, but not more rarely than this unless it was told so. */
const rarestMs = 60_000;
/** So long it is listened whether a device reports by itself before it is signed on to. */
const listenMs = 15_000;
/** A readout goes on as long as something of it comes within this time, and no longer than that. */
const patienceMs = 10_000;
const longestMs = 300_000;

interface Planned {
  readonly poll: Poll;
  dueAt: MonotonicMs;
  /** How often in a row it was not answered. */
  missed: number;
}

/** What is to be done now. */
export type PollStep =
  | { readonly name: 'ask'; readonly request: Uint8Array }
  /** The same, with all that belongs to a sign-on. */
  | { readonly name: 'sign-on'; readonly request: Uint8Array }
  /** The answer to the last request has not come in time: what is left of it belongs to nothing. */
  | { readonly name: 'give-up' }
  /** Nothing, until then; undefined: for ever. */
  | { readonly name: 'wait'; readonly until: MonotonicMs | undefined };

/** When a device is asked what: one request at a time, and the next one when the answer is there or comes no more. */
export class PollSchedule {
  readonly #planned: readonly Planned[];
  #asked: { readonly planned: Planned; readonly at: MonotonicMs; until: MonotonicMs } | undefined;
  #requests = 0;
  #unanswered = 0;

  /** @param requests @param unanswered counts that go on from an earlier connection's */
  constructor(polls: readonly Poll[], now: MonotonicMs, { requests, unanswered } = { requests: 0, unanswered: 0 }) {
    this.#planned = polls.map((poll) => {
      const dueAt = poll.isSignOn ? now + Math.min(poll.everyMs, listenMs) : now;
      return { poll, dueAt, missed: 0 };
    });
    this.#requests = requests;
    this.#unanswered = unanswered;
  }

  get counts(): { readonly requests: number; readonly unanswered: number } {
    return { requests: this.#requests, unanswered: this.#unanswered };
  }

  /** A request is under way, and its answer is waited for. */
  get isAsking(): boolean {
    return this.#asked !== undefined;
  }

  next(now: MonotonicMs): PollStep {
    if (this.#asked !== undefined) {
      if (now < this.#asked.until) return { name: 'wait', until: this.#asked.until };
      this.#asked.planned.missed++;
      this.#unanswered++;
      this.#planNext();
      return { name: 'give-up' };
    }
    let first: Planned | undefined;
    for (const planned of this.#planned) if (first === undefined || planned.dueAt < first.dueAt) first = planned;
    if (first === undefined || first.dueAt > now) return { name: 'wait', until: first?.dueAt };
    this.#asked = { planned: first, at: now, until: now + first.poll.timeoutMs };
    this.#requests++;
    const { request, isSignOn } = first.poll;
    return { name: isSignOn ? 'sign-on' : 'ask', request };
  }

  /** Some of the answer to a sign-on came: at 300 baud all of it takes long. */
  hears(now: MonotonicMs): void {
    if (this.#asked?.planned.poll.isSignOn !== true) return;
    this.#asked.until = Math.min(Math.max(this.#asked.until, now + patienceMs), this.#asked.at + longestMs);
  }

  /** A frame came: if something was asked, it is the answer. */
  heard(now: MonotonicMs): void {
    if (this.#asked === undefined) {
      // It reports by itself: to be asked at another speed would cost it what it says meanwhile.
      for (const planned of this.#planned) {
        if (planned.poll.isSignOn) planned.dueAt = now + planned.poll.everyMs;
      }
      return;
    }
    this.#asked.planned.missed = 0;
    this.#planNext();
  }

  /** By when it was asked last, so that answers that take long do not make it rarer; what was missed is not made up for. */
  #planNext(): void {
    const { planned, at } = this.#asked!;
    const { everyMs } = planned.poll;
    const interval = Math.min(everyMs * 2 ** Math.min(planned.missed, 10), Math.max(everyMs, rarestMs));
    planned.dueAt = at + interval;
    this.#asked = undefined;
  }
}
