import assert from 'node:assert/strict';
import { beforeEach, type TestContext, test } from 'node:test';
import type { LiveEvent } from '../../src/dashboard/live/protocol.ts';
import { applyEvents, deviceSet, devices, loadDevices } from '../../src/dashboard/state/devices.ts';

beforeEach(() => devices.clear());

interface Listed {
  readonly id: string;
  readonly presence?: string;
  readonly value?: number;
  /** Of the value, in seconds. */
  readonly at?: number;
}

const instant = (seconds: number) => new Date(seconds * 1_000).toISOString();

/** The gateway's answer to who asks for its devices, given when the test says so. */
function heldAnswer(t: TestContext): (...listed: readonly Listed[]) => void {
  const { promise, resolve } = Promise.withResolvers<Response>();
  t.mock.method(globalThis, 'fetch', () => promise);
  return (...listed) => {
    const all = listed.map(({ id, presence = 'online', value = 0, at = 0 }) => ({
      ...{ id, name: id, profile: null, source: 'mqtt', presence },
      lastSeen: { at: instant(at) },
      fields: [{ name: 'x', value, unit: null, at: instant(at) }],
    }));
    resolve(Response.json({ devices: all, next: null }));
  };
}

const said = (deviceId: string, value: number, at: number): LiveEvent => ({
  ...{ cursor: '', event: 'measurement', deviceId, topic: 'x', source: 'mqtt' },
  ...{ time: instant(at), receivedAt: instant(at), fields: [{ name: 'x', value }] },
});
const became = (deviceId: string, change: string, more: object = {}): LiveEvent => ({
  ...{ cursor: '', event: 'device', deviceId, change, name: deviceId, presence: 'online', profile: null },
  ...more,
});
const shown = () =>
  [...devices.values()].map((device) => {
    const { id, presence, fields } = device.peek();
    return [id, presence, fields[0]?.value];
  });

test('what happened while the devices were asked for is not taken back by the answer', async (t) => {
  const answer = heldAnswer(t);
  devices.clear();
  const asked = loadDevices();
  applyEvents([
    became('b', 'new'),
    said('b', 2, 20),
    became('a', 'presence', { presence: 'offline' }),
    said('c', 3, 30),
  ]);
  applyEvents([became('d', 'gone')]);
  const before = deviceSet.value;
  answer({ id: 'a', value: 1, at: 10 }, { id: 'c', value: 1, at: 10 }, { id: 'd' });
  await asked;
  assert.deepEqual(shown(), [
    ['a', 'offline', 1],
    ['c', 'online', 3],
    ['b', 'online', 2],
  ]);
  assert.ok(deviceSet.value > before);
});

test('what the answer knows better is not taken back by what came before it, and what it does not list is gone', async (t) => {
  const first = heldAnswer(t);
  first({ id: 'a' }, { id: 'gone' });
  await loadDevices();
  const answer = heldAnswer(t);
  const asked = loadDevices();
  applyEvents([said('a', 1, 10)]);
  answer({ id: 'a', value: 2, at: 20 });
  await asked;
  assert.deepEqual(shown(), [['a', 'online', 2]]);
});

test('an answer that does not come leaves what is known, and nothing is kept for it', async (t) => {
  const first = heldAnswer(t);
  first({ id: 'a' });
  await loadDevices();
  t.mock.method(globalThis, 'fetch', async () => new Response('', { status: 503 }));
  await assert.rejects(loadDevices());
  applyEvents([became('b', 'new')]);
  const answer = heldAnswer(t);
  answer({ id: 'a' });
  await loadDevices();
  assert.deepEqual(
    shown().map(([id]) => id),
    ['a'],
  );
});

test('while an answer takes long, of each series the newest value is kept, and all that became of devices', async (t) => {
  const answer = heldAnswer(t);
  const asked = loadDevices();
  applyEvents([became('b', 'new')]);
  for (let at = 1; at <= 50; at++) applyEvents(Array.from({ length: 100 }, (_, i) => said('a', at * 100 + i, at)));
  answer({ id: 'a' });
  await asked;
  assert.deepEqual(shown(), [
    ['a', 'online', 5_099],
    ['b', 'online', undefined],
  ]);
});

test('a new device has the values that came before it was told of', () => {
  applyEvents([said('a', 1, 10)]);
  applyEvents([said('a', 2, 11), said('other', 9, 11)]);
  assert.deepEqual(shown(), []);
  applyEvents([became('a', 'new', { presence: 'stale' })]);
  assert.deepEqual(shown(), [['a', 'stale', 2]]);
  // Once: what is told again later has what came since.
  applyEvents([became('a', 'gone'), became('a', 'new')]);
  assert.deepEqual(shown(), [['a', 'online', undefined]]);
});

test('whatever sends without ever becoming a device takes no more than its room', () => {
  for (let i = 0; i < 600; i++) applyEvents([said(`d${i}`, i, 1)]);
  applyEvents([became('d0', 'new'), became('d599', 'new')]);
  assert.deepEqual(shown(), [
    ['d0', 'online', undefined],
    ['d599', 'online', 599],
  ]);
});
