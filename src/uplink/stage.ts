import type { Clock, MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Address } from './addresses.ts';
import type { Companion } from './companion.ts';
import type { Connection, Ending as ConnectionEnding } from './connection.ts';
import type { Credentials } from './credentials.ts';
import type { Lineage } from './lineage.ts';
import type { UplinkOptions } from './options.ts';
import type { Sender } from './sender.ts';
import type { Settled } from './session.ts';
import type { UplinkBuffer } from './source.ts';
import type { WireMeter } from './wire-meter.ts';

/** What a conversation is made of. */
export interface ConversationDependencies {
  readonly options: UplinkOptions;
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  readonly agent: string;
  readonly buffer: UplinkBuffer;
  readonly clock: Clock;
  readonly log: Log;
  /** What tells this data directory from a copy; without it, nothing does. */
  readonly lineage?: Lineage;
  /** The gateway's certificates and tokens; without them it has none, and trusts whom Node trusts. */
  readonly credentials?: Credentials;
  /** Counts what goes over the wire, and keeps to the data plan; without it nobody does. */
  readonly meter?: WireMeter;
  /** What travels on the stream beside records. */
  readonly companions?: readonly Companion[];
  /** Random numbers in [0, 1). */
  readonly random?: () => number;
}

/**
 * Why a conversation is over. `stalled`: it looked alive, but nothing was acknowledged. `left`: in good order, because one side wanted it so; all that was sent has been acknowledged,
 * or the patience for it was over. `retryAfterMs` is what the collector wants; absent: this gateway wanted to leave.
 */
export type Ending =
  | ConnectionEnding
  | { readonly kind: 'stalled'; readonly reason: string }
  | { readonly kind: 'left'; readonly reason: string; readonly retryAfterMs?: number };

/** Whom to speak to. */
export interface Target {
  readonly url: string;
  readonly address: Address;
  /** The address and port, for people. */
  readonly at: string;
}

export interface ConversationEvents {
  /** The collector is there, and `greet` is waited for. */
  onThere?(): void;
  /** The collector has said welcome. */
  onWelcome(): void;
  onAcknowledged(settled: Settled): void;
  /** Something has happened that may change where the uplink stands. */
  onChange(): void;
  /** Once, unless `close` ended it. */
  onEnd(ending: Ending): void;
}

/** Where a conversation stands. */
export type Stage =
  /** Not begun, or over. */
  | { readonly name: 'closed' }
  /** The collector has been asked whether it is there, but not told by whom; `isThere`: it is. */
  | {
      readonly name: 'probing';
      readonly connection: Connection;
      readonly timer: NodeJS.Timeout;
      readonly isThere: boolean;
    }
  /** Hello is on its way; the welcome is waited for. */
  | {
      readonly name: 'greeting';
      readonly connection: Connection;
      readonly timer: NodeJS.Timeout;
      readonly since: MonotonicMs;
    }
  /** The welcome's lineage is on its way to the disk: see `lineage.ts`. */
  | { readonly name: 'confirming'; readonly connection: Connection; readonly timer: undefined }
  /** Records flow. */
  | {
      readonly name: 'open';
      readonly connection: Connection;
      readonly sender: Sender;
      readonly timer: NodeJS.Timeout;
    }
  /** Nothing new is sent; what is under way may still be acknowledged. */
  | {
      readonly name: 'leaving';
      readonly connection: Connection;
      readonly sender: Sender;
      readonly timer: NodeJS.Timeout;
      readonly ending: Ending;
    };
