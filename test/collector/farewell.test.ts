import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CollectorMessage, Line } from '../../src/collector/companion.ts';
import { Farewell } from '../../src/collector/farewell.ts';
import { FakeTime } from '../support/fake-time.ts';

function lineOf(gateway: string): Line & { readonly told: CollectorMessage[] } {
  const told: CollectorMessage[] = [];
  return { peer: { gateway, epoch: 'e' }, told, send: (message) => told.push(message) } as Line & { told: typeof told };
}

test('each gateway is asked to go, also one that comes late, and the last one to go ends the wait', async (t) => {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const farewell = new Farewell();
  const [a, b, late] = [lineOf('a'), lineOf('b'), lineOf('late')];
  farewell.connected(a);
  farewell.connected(b);
  let isSaid = false;
  void farewell.say().then(() => {
    isSaid = true;
  });
  farewell.connected(late);
  for (const { told } of [a, b, late]) assert.deepEqual([told.length, told[0]?.$case], [1, 'goAway']);
  farewell.gone(a);
  farewell.gone(b);
  await time.turn();
  assert.equal(isSaid, false);
  farewell.gone(late);
  await time.turn();
  assert.equal(isSaid, true);
});

test('one that stays is waited for no longer than five seconds, and without gateways there is no wait', async (t) => {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const farewell = new Farewell();
  await farewell.say();
  farewell.connected(lineOf('a'));
  let isSaid = false;
  void farewell.say().then(() => {
    isSaid = true;
  });
  await time.advance(4_999);
  assert.equal(isSaid, false);
  await time.advance(1);
  assert.equal(isSaid, true);
});
