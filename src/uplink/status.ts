import type { Priority } from '../core/priority.ts';
import type { UnixMs } from '../core/time.ts';

/** Where the uplink stands. `live` is only said while durable acknowledgements arrive or nothing waits for one. */
export type UplinkState =
  /** Not started, or stopped. */
  | { readonly name: 'offline' }
  /** Dialling, or waiting for the collector's welcome. */
  | { readonly name: 'connecting' }
  /** The last attempt failed for `reason`; the next one comes at `retryAt`. */
  | { readonly name: 'waiting'; readonly retryAt: UnixMs; readonly reason: string }
  /** The collector refused this gateway; it is asked again at `retryAt`. */
  | { readonly name: 'rejected'; readonly retryAt: UnixMs; readonly reason: string }
  /** Connected, and a backlog from before the connection is on its way. */
  | { readonly name: 'draining' }
  /** Connected, and records are under way, but the collector has confirmed nothing for a while. */
  | { readonly name: 'stalled' }
  /** Connected, and everything is sent as it comes. */
  | { readonly name: 'live' };

export interface UplinkStatus {
  readonly state: UplinkState;
  readonly url: string;
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
  /** Connections made since this process started. */
  readonly connections: number;
  /** What keeps some of the records from being sent although the uplink stands, and what to do; absent when nothing. */
  readonly problem?: string;
}
