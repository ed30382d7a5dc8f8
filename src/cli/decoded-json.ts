import type { Decoded } from '../core/decoded.ts';
import { unitSymbol } from '../core/measure-units.ts';
import type { FieldValue, Measurement } from '../core/measurement.ts';

/**
 * What was decoded as JSON for programs. Whole numbers beyond 2^53 stand there digit by digit, bytes as base64, and NaN and
 * the infinities as texts, as in protobuf's JSON mapping. `unit` is the code that records carry, `symbol` what people read.
 */
export function decodedJson(decoded: Decoded): object {
  const { kind, deviceId, profile, measurements, keepPayload, failure, sightings, requests } = decoded;
  return {
    kind,
    deviceId,
    profile: profile?.name ?? null,
    ...(profile && { profileVersion: profile.version }),
    ...(failure !== undefined && { failure }),
    measurements: measurements.filter(({ fields }) => fields.length > 0).map(measurementJson),
    keepPayload,
    ...(sightings !== undefined && {
      sightings: sightings.map(({ attributes, ...rest }) => ({
        ...rest,
        ...(attributes && { attributes: Object.fromEntries(attributes) }),
      })),
    }),
    ...(requests !== undefined && {
      requests: requests.map(({ topic, payload }) => ({ topic, payloadHex: Buffer.from(payload).toString('hex') })),
    }),
  };
}

function measurementJson({ deviceId, timeMs, timeNanos, fields, tags }: Measurement): object {
  return {
    deviceId,
    ...(timeMs !== undefined && { time: timeText(timeMs, timeNanos) }),
    ...(tags !== undefined && { tags: Object.fromEntries(tags) }),
    fields: fields.map(({ name, value, unit }) => ({
      name,
      value: jsonValue(value),
      ...(unit !== undefined && { unit, symbol: unitSymbol(unit) }),
    })),
  };
}

/** RFC 3339 with as many digits as the time has. */
function timeText(timeMs: number, nanos = 0): string {
  const text = new Date(timeMs).toISOString();
  return nanos === 0 ? text : `${text.slice(0, -1)}${String(nanos).padStart(6, '0')}Z`;
}

function jsonValue(value: FieldValue): unknown {
  if (typeof value === 'bigint') return rawJson(String(value));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** JSON.rawJSON is in Node.js 22 and later, and not yet in TypeScript's library of ES2024. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };
