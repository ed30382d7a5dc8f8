import type { Percentiles } from './statistics.ts';

// What the bench and its load generator, a process of its own, say to each other.

/** Packets that one connection has ready, and sends again and again; so also what it can have in flight. */
export const poolSize = 4096;
/** The last packet of each round through the pool goes to `bench/mark/N`, so that somebody can count rounds. */
export const markTopic = 'bench/mark';

/** How messages are sent. */
export type Pace =
  /** Each connection keeps up to `size` messages unacknowledged. */
  | { readonly kind: 'window'; readonly size: number }
  /** So many messages a second over all connections, whether or not they are acknowledged. */
  | { readonly kind: 'rate'; readonly perSecond: number };

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly pace: Pace;
  /** Whether each message's time from its (intended) sending to its acknowledgement is kept. */
  readonly isTimed: boolean;
  /** When nothing is acknowledged for so long although something is in flight, the load has failed. */
  readonly stallMs: number;
}

export type LoadRequest =
  /** Publish: so many messages over all connections, or until `stop`. Counts go on; times start afresh. */
  | { readonly name: 'start'; readonly messages?: number }
  /** Tell where things stand. Answered by `sample`. */
  | { readonly name: 'sample' }
  /** Publish no more. */
  | { readonly name: 'stop' };

export type LoadEvent =
  /** Every connection is accepted. */
  | { readonly name: 'connected' }
  | { readonly name: 'sample'; readonly counts: LoadCounts }
  /** All that was to be sent has been sent, and all of it is acknowledged. */
  | {
      readonly name: 'idle';
      readonly counts: LoadCounts;
      readonly latency: Percentiles;
      readonly lateness: Percentiles;
    }
  /** The load is over: a connection was lost, or messages were not acknowledged. */
  | { readonly name: 'failed'; readonly reason: string };

/** Since the process started. Times are of the machine's monotonic clock, in ms: all processes see the same. */
export interface LoadCounts {
  readonly atMs: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** The generator's own CPU time, in microseconds. */
  readonly cpuUs: number;
  /** First message since `start`, and the last acknowledgement. */
  readonly firstSentMs: number;
  readonly lastAcknowledgedMs: number;
}

/** The machine's monotonic clock, in ms. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
