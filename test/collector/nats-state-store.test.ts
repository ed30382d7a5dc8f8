import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseNats } from '../../src/collector/nats-address.ts';
import { NatsStateStore } from '../../src/collector/nats-state-store.ts';
import { keyOf } from '../../src/collector/state-store.ts';
import { silentLog } from '../../src/lib/log.ts';
import { NatsServer } from '../support/nats-server.ts';
import { eventually } from '../support/wait.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();

async function storeAt(t: TestContext, { url }: NatsServer): Promise<NatsStateStore> {
  const store = await NatsStateStore.open(parseNats(url), { bucket: 'headgate-state', replicas: 1 }, silentLog);
  t.after(() => store.close());
  return store;
}

/** What a store tells of a space, as `key=value` texts, sorted by when it was told. */
function listen(store: NatsStateStore, space: string): string[] {
  const told: string[] = [];
  store.watch(space, (key, value) => told.push(`${key}=${text(value) ?? ''}`));
  return told;
}

test('a value is put where it is expected, and nowhere else, whichever of two collectors asks', async (t) => {
  const server = await NatsServer.start(t);
  const [one, two] = [await storeAt(t, server), await storeAt(t, server)];
  const key = keyOf('a', 'a device/with ünusual * name.');
  assert.equal(await one.get(key), undefined);
  const first = await one.put(key, bytes('1'), 0);
  assert.ok(first !== undefined && first > 0);
  assert.equal(await two.put(key, bytes('other'), 0), undefined);
  assert.equal(await two.put(key, bytes('other'), first + 1), undefined);
  const both = await Promise.all([one.put(key, bytes('2'), first), two.put(key, bytes('3'), first)]);
  assert.equal(both.filter((revision) => revision === undefined).length, 1, 'of two who ask at once, one is faster');
  const entry = await one.get(key);
  assert.deepEqual(await two.get(key), entry);
  assert.equal(text(entry!.value), both[0] === undefined ? '3' : '2');
  assert.deepEqual([await two.delete(key, first), await two.delete(key, entry!.revision)], [false, true]);
  assert.equal(await one.get(key), undefined);
  assert.equal(await one.delete(key, entry!.revision), false);
  const again = await one.put(key, bytes('4'), 0);
  assert.ok(again !== undefined && again > entry!.revision, 'where it was deleted it can be put again');
  await one.put('ab.1', bytes('y'), 0);
  await one.put('a.1', bytes('z'), 0);
  assert.deepEqual((await two.list('a')).map((one) => `${one.key}=${text(one.value)}`).sort(), [`a.1=z`, `${key}=4`]);
  assert.deepEqual(await two.list('nothing'), []);
});

test('changes are told to all collectors, also those made while NATS or the connection was gone', async (t) => {
  const server = await NatsServer.start(t);
  const [one, two] = [await storeAt(t, server), await storeAt(t, server)];
  await one.put('a.before', bytes('x'), 0);
  const told = { one: listen(one, 'a'), two: listen(two, 'a') };
  const first = await one.put('a.1', bytes('1'), 0);
  await two.put('b.1', bytes('of another space'), 0);
  await eventually('both to be told', () => told.one.includes('a.1=1') && told.two.includes('a.1=1'));
  await two.delete('a.1', first!);
  await eventually('both to be told', () => told.one.at(-1) === 'a.1=' && told.two.at(-1) === 'a.1=');
  // What was put before is known to whoever lists; that it may be told once more does no harm.
  for (const all of [told.one, told.two]) {
    assert.deepEqual(
      all.filter((change) => change !== 'a.before=x'),
      ['a.1=1', 'a.1='],
    );
  }

  await server.kill();
  await assert.rejects(one.put('a.lost', bytes('x'), 0), { code: 'sink.failed' });
  await server.start();
  const third = await storeAt(t, server);
  await third.put('a.2', bytes('2'), 0);
  await eventually('both to be told', () => told.one.includes('a.2=2') && told.two.includes('a.2=2'), {
    timeoutMs: 20_000,
  });
  assert.equal(text((await eventually('the store to answer again', () => one.get('a.2')))?.value), '2');
});

test('once closed, or without a server, it answers with a clear error', async (t) => {
  const server = await NatsServer.start(t);
  const store = await storeAt(t, server);
  await store.close();
  await assert.rejects(store.get('a.x'), { code: 'sink.failed' });
  await assert.rejects(store.put('a.x', bytes('1'), 0), { code: 'sink.failed' });
  await server.kill();
  await assert.rejects(storeAt(t, server), {
    code: 'sink.failed',
    message: /^NATS at nats:\/\/127\.0\.0\.1:\d+ can't /,
  });
});
