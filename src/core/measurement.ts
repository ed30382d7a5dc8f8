/** A typed value. `bigint` holds whole numbers beyond 2^53, which a double would round. */
export type FieldValue = number | bigint | boolean | string | Uint8Array;

/** One named value of a measurement. */
export interface Field {
  /** What was measured; nested objects are joined by dots. */
  readonly name: string;
  readonly value: FieldValue;
  /** SenML unit code (RFC 8428), absent when unknown. */
  readonly unit?: string;
}

/** One device, one instant, one or more fields. */
export interface Measurement {
  readonly deviceId: string;
  /** When it was measured by the device's own clock, absent when the device gave no time. */
  readonly timeMs?: number;
  /** Empty when nothing could be decoded: the raw payload is then all there is. */
  readonly fields: readonly Field[];
  /** Keep the raw payload in the record, because the fields do not say all that it said. */
  readonly keepPayload: boolean;
}
