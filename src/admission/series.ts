import type { Measurement } from '../core/measurement.ts';

/** A name for what a measurement goes on with: its device, and its tags where it has any, in whatever order. */
export function seriesOf({ deviceId, tags }: Measurement): string {
  if (tags === undefined || tags.length === 0) return deviceId;
  return JSON.stringify([deviceId, ...[...tags].sort(([a], [b]) => (a < b ? -1 : 1))]);
}
