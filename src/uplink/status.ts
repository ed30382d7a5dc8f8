import type { Priority } from '../core/priority.ts';
import type { UnixMs } from '../core/time.ts';
import type { WireStatus } from './wire-meter.ts';

/** Where the uplink stands. `live` is only said while durable acknowledgements arrive or nothing waits for one. */
export type UplinkState =
  /** Not started, or stopped. */
  | { readonly name: 'offline' }
  /**
   * Dialling, waiting for the collector's welcome, or leaving a collector that is about to stop. `reason`: why there was none before,
   * until a connection has shown that it does not hold any more.
   */
  | { readonly name: 'connecting'; readonly reason?: string }
  /** The last attempt failed for `reason`, or the connection ended for it; the next attempt comes at `retryAt`. */
  | { readonly name: 'waiting'; readonly retryAt: UnixMs; readonly reason: string }
  /** Every collector refuses this gateway; the next attempt comes at `retryAt`. */
  | { readonly name: 'rejected'; readonly retryAt: UnixMs; readonly reason: string }
  /**
   * Connected, and a backlog from before the connection is on its way: so many of its records are not yet acknowledged,
   * which takes `etaMs` more at the pace of the last seconds. Absent while that can't be known.
   */
  | { readonly name: 'draining'; readonly leftRecords: number; readonly etaMs?: number }
  /** Connected, and records are under way, but the collector has confirmed nothing for a while. */
  | { readonly name: 'stalled' }
  /** Connected, and everything is sent as it comes. */
  | { readonly name: 'live' };

/** One of the collectors that the gateway may use, in the order of the configuration. */
export interface CollectorEntry {
  readonly url: string;
  /** It is the one that is connected, or that is dialled or waited for. */
  readonly isCurrent: boolean;
  /** Why the last attempt at it failed; absent when it did not, or none was made. */
  readonly problem?: string;
}

/** Where the last canary record is, which goes the whole way to the collector and back as its acknowledgement. */
export type CanaryState =
  /** None has been sent yet. */
  | { readonly name: 'none' }
  | { readonly name: 'under-way'; readonly waitedMs: number }
  /** It has not come back in the time that an acknowledgement may take. */
  | { readonly name: 'overdue'; readonly waitedMs: number }
  | { readonly name: 'returned' }
  /** This gateway's own disk did not take it. */
  | { readonly name: 'refused'; readonly reason: string };

export interface CanaryStatus {
  readonly state: CanaryState;
  readonly intervalMs: number;
  /** Since this process started. */
  readonly sent: number;
  readonly returned: number;
  /** Of the last one that came back: how long it took, and when it did. */
  readonly lastRoundTripMs?: number;
  readonly lastReturnedAt?: UnixMs;
}

export interface UplinkStatus extends WireStatus {
  readonly state: UplinkState;
  /** The collector that is connected, or that is dialled or waited for. */
  readonly url: string;
  /** Where that is, as `IP:PORT`, while there is a connection or an attempt at one. */
  readonly address?: string;
  readonly collectors: readonly CollectorEntry[];
  /** Since when the state is what it is. */
  readonly since: UnixMs;
  /** When the collector last confirmed that something is durable. */
  readonly lastAcknowledgedAt?: UnixMs;
  /** Records and bytes acknowledged since this process started. */
  readonly acknowledgedRecords: number;
  readonly acknowledgedBytes: number;
  /** The same records by their priority. */
  readonly acknowledgedByPriority: Readonly<Record<Priority, number>>;
  /** Sent and not yet acknowledged. */
  readonly inFlightBytes: number;
  /** How records are compressed on the connection that stands. */
  readonly compression: 'none' | 'zstd' | 'gzip';
  /** Connections made since this process started. */
  readonly connections: number;
  /** Attempts at a connection since this process started, those included that look whether a preferred collector is back. */
  readonly attempts: number;
  /** The canary records; absent when none are sent. */
  readonly canary?: CanaryStatus | undefined;
  /** What keeps some of the records from being sent although the uplink stands, and what to do; absent when nothing. */
  readonly problem?: string;
}
