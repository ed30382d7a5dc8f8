import type { Shelf } from '../../core/shelf.ts';
import type { OutgoingDependencies } from './outgoing.ts';
import type { KeptPacket } from './packet-codec.ts';
import type { QueueLimits } from './queues.ts';
import type { SkippedReason } from './refused.ts';
import type { RetainedLimits } from './retained.ts';
import type { AddressedBy } from './subscribers.ts';

export interface SessionLimits extends QueueLimits, RetainedLimits {
  /** Sessions kept, of clients that are here and that are away. */
  readonly maxSessions: number;
}

export interface SessionDependencies {
  readonly limits: SessionLimits;
  readonly shelf: Shelf;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => number;
  /** Told of what a limit left out: it never touches records, only what local subscribers would have got. */
  readonly onSkipped: (reason: SkippedReason) => void;
  /** Told in words what of the shelf could not be read. */
  readonly onUnreadable: (what: string) => void;
  /** A client has released a QoS 2 message: it has our word for it. */
  readonly onReleased: (clientId: string, packetId: number) => void;
  readonly addressedBy?: AddressedBy;
  /** Messages that a new subscriber gets as retained ones, and that are kept nowhere here. */
  readonly retainedElsewhere?: (filter: string) => Iterable<KeptPacket>;
}

/**
 * What has happened already. A promise would tell so a moment later, and aedes passes on at once what is not to be
 * retained: the next message of a topic would overtake one that is.
 */
export function atOnce<T>(value: T): PromiseLike<T> {
  // biome-ignore lint/suspicious/noThenProperty: that is what aedes asks for
  return { then: (onDone) => Promise.resolve(onDone?.(value)) as never };
}

/** What a connection brings along. */
export type Way = Pick<
  OutgoingDependencies,
  'socket' | 'throttle' | 'limits' | 'maxUnsentBytes' | 'maxInFlight' | 'mayReceive' | 'onRefused'
>;

/** A client, or what is left of one. */
export interface WithId {
  readonly id: string;
  readonly conn?: unknown;
}

/** A packet as aedes hands it to its persistence. */
export interface WithPacketId {
  readonly messageId?: number | undefined;
}

/** What it needs of the broker whose memory it is. */
export interface Broker {
  readonly clients: Readonly<Record<string, { readonly will?: unknown } | undefined>>;
}
