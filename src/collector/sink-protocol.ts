import type { ErrorCode } from '../core/errors.ts';
import type { Interval } from '../lib/intervals.ts';
import type { NatsOptions } from './options.ts';
import type { Delivery, Outcome, SinkAddress } from './sink.ts';

/** What the thread is started with. */
export interface SinkSetup {
  readonly address: SinkAddress;
  readonly nats: NatsOptions | undefined;
}

/** A request, or the answer that carries the same number. */
export interface Numbered<T> {
  readonly number: number;
  readonly message: T;
}

/** What the collector asks of the thread that holds the sink: one answer a request. A sink on a disk answers in order. */
export type SinkRequest =
  /** Open the sink, if it is not. */
  | { readonly kind: 'open' }
  /** What is durable of one epoch from `from` on: `limit` runs at the most, see `welcomeRuns`. */
  | {
      readonly kind: 'progress';
      readonly gateway: string;
      readonly epoch: string;
      readonly from: number;
      readonly limit: number;
    }
  | { readonly kind: 'commit'; readonly deliveries: readonly Delivery[] }
  | { readonly kind: 'close' };

export type SinkResponse =
  | { readonly kind: 'done' }
  | { readonly kind: 'progress'; readonly runs: readonly Interval[] }
  | { readonly kind: 'committed'; readonly outcomes: readonly Outcome[] }
  /** The sink is closed now; the next request opens it again. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** What the thread says without being asked: a line for the log. */
export interface SinkNote {
  readonly kind: 'note';
  readonly message: string;
}
