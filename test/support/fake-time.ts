import { mock } from 'node:test';
import type { Clock, MonotonicMs, UnixMs } from '../../src/core/time.ts';

/** Node's own, which the fake one does not replace: one turn of the event loop, in which every promise gets its turn. */
const realImmediate = setImmediate;

/** A clock that a test turns, and the timers that go by it. One at a time: it takes the place of the global timers. */
export class FakeTime implements Clock {
  #wallMs: UnixMs;
  #monotonicMs: MonotonicMs = 1_000;

  /** @param wallMs what the wall clock says first */
  constructor(wallMs: UnixMs = Date.UTC(2026, 5, 1)) {
    this.#wallMs = wallMs;
  }

  now = (): UnixMs => this.#wallMs;
  monotonic = (): MonotonicMs => this.#monotonicMs;

  /** From here on, timers wait for {@link advance}. */
  start(): void {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
  }

  /** Timers are real again; those that were set never fire, as if their process had died. */
  stop(): void {
    mock.timers.reset();
  }

  /** Time goes by: both clocks and the timers. @param stepMs after so much, what the timers started gets its turn */
  async advance(ms: number, stepMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      const step = Math.min(stepMs, left);
      this.#wallMs += step;
      this.#monotonicMs += step;
      mock.timers.tick(step);
      await this.turn();
    }
  }

  /** The clocks go on, and no timer fires: nothing that counts happens in between. */
  sleep(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** The wall clock is set, forward or back. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /** What is due at once gets done. */
  async turn(): Promise<void> {
    mock.timers.tick(0);
    await new Promise((resolve) => realImmediate(resolve));
  }
}
