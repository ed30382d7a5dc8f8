import type { Interval } from '../lib/intervals.ts';
import type { AsyncSink, Delivery, Outcome, Sink } from './sink.ts';
import { welcomeRuns } from './welcome-runs.ts';

/** A sink on a disk, in a thread that waits for the disk: what is asked of it is done at once, in order. */
export class BlockingSink implements AsyncSink {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  async open(): Promise<void> {
    this.#sink.open();
  }

  async progress(gateway: string, epoch: string, from: number, limit: number): Promise<readonly Interval[]> {
    return welcomeRuns(this.#sink.progress(gateway, epoch), from, limit);
  }

  async commit(deliveries: readonly Delivery[]): Promise<readonly Outcome[]> {
    return this.#sink.commit(deliveries);
  }

  async close(): Promise<void> {
    this.#sink.close();
  }
}
