import assert from 'node:assert/strict';
import type { Decoded } from '../../src/core/decoded.ts';
import { unitOf, unitSymbol } from '../../src/core/measure-units.ts';
import { kindsOf, type Sample } from './samples.ts';

const replacer = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

/** Whether a message became what the sample says of it: kind, fields with units and times, presence and device. */
export function checkSample(sample: Sample, decoded: Decoded): void {
  const { id, kind, expected, tolerance = 1e-9, online, device } = sample;
  const kinds = kind === undefined ? (expected.length > 0 ? ['measurement'] : ['raw']) : kindsOf[kind]!;
  assert.ok((kinds as readonly string[]).includes(decoded.kind), `${id}: ${decoded.kind} ${decoded.failure ?? ''}`);
  const found = decoded.measurements.flatMap(({ fields, timeMs, tags }) =>
    fields.map((field) => ({ ...field, timeMs, tags })),
  );
  const left = [...found];
  for (const { metric, value, unit = '', time, tags } of expected) {
    const index = left.findIndex(
      (field) =>
        field.name === metric &&
        (typeof value === 'number' && typeof field.value === 'number'
          ? Math.abs(field.value - value) <= tolerance
          : field.value === value) &&
        unitSymbol(field.unit ?? '') === unitSymbol(unitOf(unit) ?? '') &&
        (time === undefined || field.timeMs === Date.parse(time)),
    );
    assert.notEqual(
      index,
      -1,
      `${id}: ${metric} = ${value} ${unit} ${time ?? ''} is not among ${JSON.stringify(found, replacer)}`,
    );
    const [field] = left.splice(index, 1);
    if (tags !== undefined) assert.deepEqual(Object.fromEntries(field!.tags ?? []), tags, id);
  }
  if (!sample.expected_is_subset)
    assert.deepEqual(
      left.map(({ name }) => name),
      [],
      `${id}: nothing else`,
    );
  const presence = decoded.sightings?.find((one) => one.presence !== undefined)?.presence;
  if (online !== undefined) assert.equal(presence, online ? 'online' : 'offline', id);
  if (device?.id !== undefined) {
    const [deviceId] = [decoded.deviceId, ...(decoded.sightings ?? []).map((one) => one.deviceId)];
    assert.ok(deviceId?.endsWith(device.id), `${id}: ${deviceId} is ${device.id}`);
  }
}
