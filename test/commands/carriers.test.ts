import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Carriers, type CommandCarrier } from '../../src/commands/carriers.ts';
import type { Command } from '../../src/core/command.ts';

const command: Command = { id: 'c', deviceId: 'd', name: '', payload: new Uint8Array(), priority: 'normal' };

function carrier(name: string, reaches: boolean, obstacle?: string) {
  const given: string[] = [];
  const one: CommandCarrier = {
    reaches: (_device, underWay) => reaches && underWay === 0,
    obstacle: () => obstacle,
    deliver: async ({ id }) => {
      given.push(`${name} ${id}`);
      return true;
    },
  };
  return { one, given };
}

test('the first way that reaches a device takes its command, and no other does', async () => {
  const [away, first, second] = [carrier('away', false), carrier('first', true), carrier('second', true)];
  const all = new Carriers([away.one, first.one, second.one]);
  assert.deepEqual([all.reaches('d', 0), all.reaches('d', 1)], [true, false]);
  assert.equal(await all.deliver(command, 1), true);
  assert.deepEqual([away.given, first.given, second.given], [[], ['first c'], []]);
  const none = new Carriers([away.one]);
  assert.deepEqual([none.reaches('d', 0), await none.deliver(command, 1)], [false, false]);
});

test('a device has an obstacle when it has one by every way', () => {
  const [first, second, free] = [carrier('a', false, 'no topic'), carrier('b', false, 'no port'), carrier('c', false)];
  assert.equal(new Carriers([first.one, second.one]).obstacle('d'), 'no topic');
  assert.equal(new Carriers([first.one, free.one]).obstacle('d'), undefined);
});
