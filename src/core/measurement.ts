import type { UnixMs } from './time.ts';

/** A typed value. `bigint` holds whole numbers beyond 2^53, which a double would round. */
export type FieldValue = number | bigint | boolean | string | Uint8Array;

/** One named value of a measurement. */
export interface Field {
  /** What was measured; nested objects are joined by dots. */
  readonly name: string;
  readonly value: FieldValue;
  /** A code of the unit table (`core/measure-units.ts`), SenML's where there is one; absent when unknown. */
  readonly unit?: string;
}

/** What tells one series of a device from another, beside the field's name: an Influx tag. */
export type Tag = readonly [name: string, value: string];

/** What was measured at one instant, whoever it was that measured. */
export interface Values {
  /** When it was measured by the device's own clock, absent when the device gave no time. Whole milliseconds. */
  readonly timeMs?: UnixMs;
  /** What a finer clock said beyond `timeMs`, in nanoseconds, from 0 to 999,999. Absent: nothing. */
  readonly timeNanos?: number;
  /** Empty when nothing could be decoded: the raw payload is then all there is. */
  readonly fields: readonly Field[];
  readonly tags?: readonly Tag[];
}

/** One device, one instant, one or more fields. */
export interface Measurement extends Values {
  readonly deviceId: string;
}
