import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopeOf } from '../../../src/api/live/filter-of.ts';
import { permissionsOf } from '../../../src/auth/scopes.ts';

const grants: readonly (readonly string[])[] = [
  ['read:device/lamp'],
  ['read:device/lamp', 'command:*'],
  ['read:device/*'],
  ['read:device/lamp', 'publish:#'],
  ['read:device/lamp', 'subscribe:t/#'],
  ['subscribe:t/#'],
  ['subscribe:t/#', 'command:lamp'],
];
const events: readonly (readonly [device: string | undefined, topic: string | undefined])[] = [
  ['lamp', undefined],
  ['door', undefined],
  ['door', 't/door'],
  [undefined, 't/x'],
  [undefined, 'headgate/devices/lamp/commands/c1/result'],
  [undefined, 'headgate/devices/door/commands/c1/result'],
  [undefined, undefined],
];

test('readers who may see different things are never taken for one', () => {
  const found = grants.map((scopes) => {
    const may = permissionsOf(scopes);
    assert.ok(typeof may !== 'string');
    const scope = scopeOf({ id: 'a', kind: 'program', name: 'a', may })!;
    return { key: scope.key, sees: events.map(([device, topic]) => scope.allows(device, topic)).join() };
  });
  for (const one of found)
    for (const other of found) if (one.key === other.key) assert.equal(one.sees, other.sees, one.key);
});
