import type { Decoded } from '../../core/decoded.ts';
import type { FieldValue, Measurement } from '../../core/measurement.ts';
import type { DecodedRecord } from '../../wire/record-reader.ts';
import { TimestampCache } from '../../wire/timestamp-cache.ts';
import type { Derived } from './derived.ts';
import type { Original } from './originals.ts';

/** What decoding a message again came to. */
export type Verdict =
  /** It says something that its records do not. */
  | 'better'
  /** It says what its records say. */
  | 'unchanged'
  /** That was sent before. */
  | 'already'
  /** There are still no values in it. */
  | 'unreadable';

/**
 * Whether the records of a message are to be replaced by what it is decoded to now.
 * @param derived what was made of it before
 */
export function verdictOf({ records }: Original, decoded: Decoded, derived: readonly Derived[]): Verdict {
  const { kind, measurements, profile } = decoded;
  if (kind === 'raw' || kind === 'failed') return 'unreadable';
  const had = records.some(({ fields }) => fields.length > 0);
  // Values that were none are taken back; a message that is no measurement is not worth another record.
  if (!had && measurements.every(({ fields }) => fields.length === 0)) return 'unreadable';
  const { name = '', version = 0 } = profile ?? {};
  const before = derived.find((one) => one.profile === name && one.version === version);
  // Fewer were made when the gateway went down in between.
  if (before !== undefined && before.sequences.length >= measurements.length) return 'already';
  const isSame =
    records.length === measurements.length && records.every((record, index) => says(record, measurements[index]!));
  return isSame && derived.length === 0 ? 'unchanged' : 'better';
}

const times = new TimestampCache();

function says(record: DecodedRecord, { deviceId, fields, timeMs, timeNanos = 0, tags = [] }: Measurement): boolean {
  if (record.deviceId !== deviceId || record.fields.length !== fields.length) return false;
  if (record.time !== (timeMs === undefined ? undefined : timeText(timeMs, timeNanos))) return false;
  if (JSON.stringify(record.tags) !== JSON.stringify(tags)) return false;
  return record.fields.every(({ name, unit, value }, index) => {
    const now = fields[index]!;
    return name === now.name && unit === (now.unit ?? '') && isSame(value, now.value);
  });
}

function timeText(ms: number, beyondNanos: number): string | undefined {
  const seconds = Math.floor(ms / 1000);
  return times.format(seconds, Math.round((ms - seconds * 1000) * 1e6) + beyondNanos);
}

function isSame(a: FieldValue | undefined, b: FieldValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}
