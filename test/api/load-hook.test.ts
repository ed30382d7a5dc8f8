// What one caller may ask for, and what is put off when it is too much for all.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { limitConnections } from '../../src/api/load-hook.ts';
import { localPrincipal, nobody, type Principal } from '../../src/core/principal.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Load } from '../../src/load/load.ts';
import { dependencies } from './fixtures.ts';

const options = {
  requestsPerSecond: 2,
  messagesPerSecond: 10,
  bytesPerSecond: 1_000,
  burst: 1_000,
  connectionsPerCaller: 2,
  connectionsPerAddress: 2,
  maxDelay: 250,
};
const program: Principal = { id: 'p', kind: 'program', name: 'panel', may: { ...localPrincipal.may, isAdmin: true } };

async function started(t: TestContext, changed: Partial<typeof options> = {}, principal: Principal = program) {
  let nowMs = 0;
  const state = { isFull: false, pendingShare: 0 };
  const load = new Load({
    options: { ...options, ...changed },
    pendingShare: () => state.pendingShare,
    isFull: () => state.isFull,
    now: () => nowMs,
    log: silentLog,
  });
  await load.start();
  t.after(() => load.stop());
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 250) {
      nowMs += 250;
      load.look();
    }
  };
  const http = new HttpApi(dependencies({}, { load, identify: () => principal }));
  const app = await http.build();
  return { app, load, pass, state };
}

test('one caller may ask for so much, and is told when to come again', async (t) => {
  const { app, load, pass } = await started(t);
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) statuses.push((await app.inject('/api/v1/rules')).statusCode);
  assert.deepEqual(statuses, [200, 200, 429]);
  const refused = await app.inject('/api/v1/rules');
  assert.deepEqual([refused.json().code, refused.headers['retry-after']], ['rate.limited', '1']);
  for (const url of ['/api/v1/health/live', '/api/v1/status', '/metrics'])
    assert.equal((await app.inject(url)).statusCode, 200, url);
  pass(1_000);
  assert.equal((await app.inject('/api/v1/rules')).statusCode, 200);
  assert.equal(load.status().limited.requests, 2);
});

test('what is published counts by messages and by bytes', async (t) => {
  const { app, load, pass } = await started(t, { requestsPerSecond: 0 });
  const post = (items: object[]) => app.inject({ method: 'POST', url: '/api/v1/measurements', payload: items });
  const one = { topic: 'a', payload: 1 };
  assert.equal((await post(Array(30).fill(one))).statusCode, 200, 'more than a burst, paid off later');
  const refused = await post([one]);
  assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [429, '3']);
  pass(3_000);
  assert.equal((await post([{ topic: 'a', payload: 'x'.repeat(3_000) }])).statusCode, 200);
  assert.equal((await post([one])).statusCode, 429);
  const { messages, bytes } = load.status().limited;
  assert.deepEqual([messages, bytes], [1, 1]);
});

test('callers do not count for one another, and this machine is not counted', async (t) => {
  const { load } = await started(t);
  const take = (who: Principal, address = '10.0.0.1') => load.take('requests', 1, who, address);
  for (let n = 0; n < 2; n++) take(program);
  assert.throws(() => take(program), { code: 'rate.limited' });
  take({ ...program, id: 'q' });
  for (let n = 0; n < 2; n++) take(nobody);
  assert.throws(() => take(nobody), { code: 'rate.limited' });
  take(nobody, '10.0.0.2');
  for (let n = 0; n < 100; n++) take(localPrincipal);
});

test('what has come is taken, and paid off by waiting', async (t) => {
  const { load, pass } = await started(t);
  const meter = load.meterOf(program)!;
  for (let n = 0; n < 10; n++) assert.equal(meter(50), 0, 'a burst');
  assert.equal(meter(50), 100);
  assert.equal(meter(2_450), 2_000, 'the longer of both');
  assert.throws(() => load.admitMessage(program, 1), { code: 'rate.limited' }, 'the same, whatever the protocol');
  pass(2_000);
  assert.equal(meter(0), 0);
  assert.deepEqual([load.status().limited.messages, load.status().limited.bytes], [3, 1]);
  assert.equal(load.meterOf(localPrincipal), undefined);
  assert.equal((await started(t, { messagesPerSecond: 0, bytesPerSecond: 0 })).load.meterOf(program), undefined);
});

test('one caller has so many connections, whatever the protocol', async (t) => {
  const { load } = await started(t);
  const ends: (() => void)[] = [];
  const watch = load.counted((_principal, end) => {
    ends.push(end);
    return () => {};
  });
  const closed = watch(program, () => {});
  load.connect(program);
  assert.throws(() => watch(program, () => {}), { code: 'connections.limited' });
  watch({ ...program, id: 'q' }, () => {});
  for (let n = 0; n < 5; n++) watch(localPrincipal, () => {});
  closed();
  closed();
  const again = load.connect(program);
  assert.throws(() => load.connect(program), { code: 'connections.limited' });
  again();
  load.connect(program);
  assert.deepEqual([ends.length, load.status().limited.connections], [7, 2]);
});

test('reads that can wait are put off first, then what is published as bulk, and nothing else', async (t) => {
  const { app, load, pass, state } = await started(t, {}, localPrincipal);
  const statusOf = async (url: string) => (await app.inject(url)).statusCode;
  assert.equal(load.refusalOfBulk(), undefined);
  state.pendingShare = 0.7;
  pass(3_000);
  assert.equal(load.status().level, 'busy');
  const shed = await app.inject('/api/v1/topics');
  assert.deepEqual([shed.statusCode, shed.json().code, shed.headers['retry-after']], [503, 'overload.shed', '5']);
  assert.match(shed.json().detail, /70 % of what may wait for the disk/);
  assert.deepEqual([await statusOf('/api/v1/rules'), await statusOf('/api/v1/health/ready')], [200, 200]);
  assert.equal(load.refusalOfBulk(), undefined);
  state.pendingShare = 0.99;
  pass(3_000);
  assert.equal(load.refusalOfBulk()?.code, 'overload.shed');
  state.pendingShare = 0;
  pass(12_000);
  assert.deepEqual([load.status().level, await statusOf('/api/v1/topics')], ['normal', 200]);
  state.isFull = true;
  assert.match(load.refusalOfBulk()?.message ?? '', /no room/);
  assert.deepEqual(load.status().shed, { reads: 1, publishes: 2, live: 0 });
});

test('one other machine has so many connections', () => {
  const listeners: ((socket: unknown) => void)[] = [];
  const server = { prependListener: (_event: string, listener: (socket: unknown) => void) => listeners.push(listener) };
  let refused = 0;
  limitConnections(server as never, 2, () => refused++);
  const connect = (remoteAddress: string) => {
    const state = { isDestroyed: false, close: () => {} };
    const once = (_event: string, listener: () => void) => {
      state.close = listener;
    };
    listeners[0]?.({ remoteAddress, once, destroy: () => (state.isDestroyed = true) });
    return state;
  };
  const [first] = [connect('10.0.0.1'), connect('10.0.0.1')];
  assert.equal(connect('10.0.0.1').isDestroyed, true);
  assert.equal(connect('10.0.0.2').isDestroyed, false);
  for (let n = 0; n < 5; n++) assert.equal(connect('127.0.0.1').isDestroyed, false);
  first!.close();
  assert.equal(connect('10.0.0.1').isDestroyed, false);
  assert.equal(refused, 1);
});
