import type { Field, FieldValue } from '../../core/measurement.ts';
import type { Taken } from '../../core/taken.ts';
import type { UnixMs } from '../../core/time.ts';
import { jsonOf } from '../../lib/json-value.ts';

/** The newest value of one field of a device. */
export interface LatestField {
  readonly name: string;
  readonly value: FieldValue;
  /** A code; null: unknown. */
  readonly unit: string | null;
  /** When it was measured: ISO 8601 in UTC; null when the device says a time that no calendar has. */
  readonly at: string | null;
}

/**
 * A measurement for local MQTT clients: `{deviceId, time, receivedAt, clockQuality, kind, source, topic, fields: [{name, value, unit}], tags,
 * profile, sequence}`, without what there is not. Whole numbers of any size are there digit by digit, bytes in base64. `sequence` names the
 * record; it is not there where a rule kept none, or lets sources go on before it is durable.
 */
export function measurementJson(taken: Taken): string {
  const { measurement, kind, source, topic, receivedAtMs, clockQuality, profile, sequence } = taken;
  const { deviceId, timeMs, fields, tags } = measurement;
  return JSON.stringify({
    deviceId,
    ...(timeMs !== undefined && { time: iso(timeMs) }),
    receivedAt: iso(receivedAtMs),
    clockQuality,
    kind,
    source,
    topic,
    fields: fields.map(fieldOf),
    ...(tags !== undefined && tags.length > 0 && { tags: Object.fromEntries(tags) }),
    ...(profile !== undefined && { profile: { name: profile.name, version: profile.version } }),
    ...(sequence > 0 && { sequence }),
  });
}

/** What a device measured last, for a client that has just subscribed: `{deviceId, fields: [{name, value, unit, time}]}`. */
export function latestJson(deviceId: string, fields: readonly LatestField[]): string {
  return JSON.stringify({
    deviceId,
    fields: fields.map(({ name, value, unit, at }) => ({
      name,
      value: jsonOf(value),
      ...(unit !== null && { unit }),
      ...(at !== null && { time: at }),
    })),
  });
}

function fieldOf({ name, value, unit }: Field): object {
  return unit === undefined ? { name, value: jsonOf(value) } : { name, value: jsonOf(value), unit };
}

function iso(ms: UnixMs): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
