import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveFilter, LiveKind } from '../../src/core/live.ts';
import { isWanted, keyOf } from '../../src/live/filter.ts';

test('kinds that come besides come whatever else is asked for, but nothing that may not be seen', () => {
  const filter: LiveFilter = { kinds: ['measurement'], devices: ['a*'], also: ['status', 'alarm'] };
  const wants = (kind: LiveKind, deviceId: string | undefined, mayAll = true): boolean => {
    const scope = { key: '', allows: (device: string | undefined) => device === 'a1' };
    return isWanted(filter, mayAll ? undefined : scope, { kind, deviceId, topic: undefined, fieldNames: [] });
  };
  assert.deepEqual([wants('measurement', 'a1'), wants('measurement', 'b1')], [true, false]);
  assert.deepEqual([wants('status', undefined), wants('alarm', 'b1'), wants('device', 'a1')], [true, true, false]);
  assert.deepEqual([wants('status', undefined, false), wants('alarm', 'a1', false)], [false, true]);
  assert.notEqual(keyOf(filter, undefined), keyOf({ ...filter, also: ['status'] }, undefined));
});
