import type { ErrorCode } from '../core/errors.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Delivery, Outcome } from './sink.ts';

/** What the collector asks of the thread that holds the sink. Answered in order, one answer a request. */
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
