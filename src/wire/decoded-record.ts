import type { FieldValue, Tag } from '../core/measurement.ts';
import type { DecodedGap } from './gap-reader.ts';

/** A `Field` as decoded; `value` is undefined when none of the oneof is set. */
export interface DecodedField {
  readonly name: string;
  /** Empty when unknown. */
  readonly unit: string;
  readonly value: FieldValue | undefined;
}

/** A `Record` with its sequence filled in; what is not set has proto3's default. */
export interface DecodedRecord {
  readonly sequence: number;
  readonly deviceId: string;
  /** RFC 3339, UTC, with 3, 6 or 9 digits after the second. Absent too when it is no time of the years 1 to 9999. */
  readonly time: string | undefined;
  /** As `time`. */
  readonly receivedAt: string | undefined;
  /** The proto's numbers. */
  readonly clockQuality: number;
  readonly priority: number;
  readonly source: string;
  readonly topic: string;
  readonly fields: readonly DecodedField[];
  readonly payload: Uint8Array | undefined;
  readonly profile: string;
  readonly profileVersion: number;
  /** The record's own flag or its batch's. */
  readonly historical: boolean;
  /** Set when this is the report of a gap. */
  readonly gap: DecodedGap | undefined;
  /** As they came: of two with one name the last one counts. */
  readonly tags: readonly Tag[];
  /** The proto's number. */
  readonly kind: number;
  /** Sequences of the records that it takes the place of. */
  readonly supersedes: readonly number[];
  /** What the records of one message have in common; 0: it became one record. */
  readonly message: number;
  /** A broker had kept the message: it was not said when it was received. */
  readonly retained: boolean;
  /** 32 hex digits; undefined: none was named, or it has not 16 bytes. */
  readonly traceId: string | undefined;
  /**
   * The record's bytes as they came, when they say more than this version knows: a newer reader finds it all there. The
   * sequence may be left out in them, and the batch's flags are not in them.
   */
  readonly encoded: Uint8Array | undefined;
}
