import type { MessageKind, ProfileVersion } from './decoded.ts';
import type { Measurement } from './measurement.ts';
import type { ClockQuality, UnixMs } from './time.ts';

/** A measurement that the gateway has: as durable as its rule asks, or kept from the records by its rule. */
export interface Taken {
  readonly measurement: Measurement;
  readonly kind: MessageKind;
  readonly source: string;
  readonly topic: string;
  readonly receivedAtMs: UnixMs;
  readonly clockQuality: ClockQuality;
  readonly profile: ProfileVersion | undefined;
  /**
   * The record's sequence in this gateway's epoch, from 1. 0: it has none, or none yet, because its rule lets sources go on before
   * the record is durable, thinned it out, does not forward it, or had no room for it.
   */
  readonly sequence: number;
  /** A copy of the message's payload, where its record keeps it, and the onlooker wants it; of several records the first has it. */
  readonly payload: Uint8Array | undefined;
  /** As in `Message`. */
  readonly traceId?: string | undefined;
}

/**
 * Who looks on at what is taken in, and has no part in it: live readers, history. Told in the order in which records
 * became durable; a message that was refused is not told of. It does not throw, and it is quick: the flow waits for it.
 */
export interface Onlooker {
  readonly wantsPayloads: boolean;
  taken(taken: Taken): void;
}
