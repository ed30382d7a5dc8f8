import type { Decoded } from '../core/decoded.ts';
import { unitSymbol } from '../core/measure-units.ts';
import { jsonOf } from '../lib/json-value.ts';

/** A message as it is decoded, for whoever wants to see what it becomes. */
export function decodedAnswer({ kind, failure, measurements }: Decoded): object {
  return {
    kind,
    failure: failure ?? null,
    measurements: measurements.map(({ deviceId, fields, timeMs }) => ({
      device: deviceId,
      time: timeMs === undefined ? null : new Date(timeMs).toISOString(),
      fields: fields.map(({ name, value, unit }) => ({
        name,
        value: jsonOf(value),
        ...(unit !== undefined && { unit, unitSymbol: unitSymbol(unit) }),
      })),
    })),
  };
}
