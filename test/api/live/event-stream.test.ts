import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { permissionsOf } from '../../../src/auth/scopes.ts';
import { nobody, type Principal } from '../../../src/core/principal.ts';
import { taken } from '../../live/fixtures.ts';
import { eventually, within } from '../../support/wait.ts';
import { EventReader, liveSite } from './fixtures.ts';

/** `curl -N` on a stream, and what it hears. */
async function curl(
  t: TestContext,
  address: string,
  query = '',
  args: readonly string[] = [],
): Promise<EventReader & { readonly process: ChildProcess }> {
  const process = spawn('curl', ['-sN', ...args, `http://${address}/api/v1/live${query}`]);
  t.after(() => process.kill());
  const reader = Object.assign(new EventReader(), { process });
  process.stdout.setEncoding('utf8').on('data', (piece: string) => reader.read(piece));
  await eventually('the first event', () => reader.events.length > 0);
  return reader;
}

test('curl -N hears events as they come, with their cursors, and goes on after the last one', async (t) => {
  const { hub, address } = await liveSite(t);
  const first = await curl(t, address, '?devices=kitchen*');
  assert.deepEqual(first.named('ready'), [{ event: 'ready', cursor: `${hub.epoch}-0` }]);
  hub.taken(taken('kitchen', 21.5, { sequence: 7, profile: { name: 'a/b', version: 2 } }));
  hub.taken(taken('hall', 1));
  hub.taken(taken('kitchen-2', 2n ** 60n));
  hub.taken(taken('kitchen-3', Number.NaN));
  hub.taken(
    taken('kitchen', 1, {
      measurement: { deviceId: 'kitchen', fields: [] },
      kind: 'raw',
      payload: Buffer.from('on\n'),
    }),
  );
  hub.taken(
    taken('kitchen', 1, { measurement: { deviceId: 'kitchen', fields: [] }, kind: 'raw', payload: Buffer.from([255]) }),
  );
  hub.tell({ kind: 'device', deviceId: 'kitchen', atMs: 0, body: { change: 'presence' } });
  await eventually('seven events', () => first.events.length === 7);
  const received = { receivedAt: '1970-01-01T00:00:01.000Z', clockQuality: 'synced', source: 'mqtt' };
  assert.deepEqual(first.named('measurement')[0], {
    ...{ cursor: `${hub.epoch}-1`, event: 'measurement', deviceId: 'kitchen', time: null, ...received },
    ...{ kind: 'measurement', topic: 't/kitchen', fields: [{ name: 'value', value: 21.5 }] },
    ...{ profile: { name: 'a/b', version: 2 }, sequence: 7 },
  });
  const values = first.named('measurement').map((one) => (one as { fields: { value: unknown }[] }).fields[0]?.value);
  assert.deepEqual(values, [21.5, Number(2n ** 60n), 'NaN', undefined, undefined]);
  assert.deepEqual((first.named('measurement')[3] as { payloadText: string }).payloadText, 'on\n');
  assert.deepEqual((first.named('measurement')[4] as { payloadBase64: string }).payloadBase64, '/w==');
  assert.deepEqual(first.named('device'), [
    {
      cursor: `${hub.epoch}-7`,
      event: 'device',
      at: '1970-01-01T00:00:00.000Z',
      deviceId: 'kitchen',
      change: 'presence',
    },
  ]);
  assert.equal(first.lastId, `${hub.epoch}-7`);
  first.process.kill();
  hub.taken(taken('kitchen', 3));
  const { lastId } = first;
  const second = await curl(t, address, '?after=nonsense', ['-H', `Last-Event-ID: ${lastId}`]);
  await eventually('what was missed', () => second.named('measurement').length === 1);
  assert.deepEqual(second.named('ready'), [{ event: 'ready', cursor: lastId }]);
  const third = await curl(t, address, '?after=0123456789ab-9');
  assert.deepEqual(third.named('reset'), [
    { event: 'reset', cursor: `${hub.epoch}-8`, reason: 'epoch', snapshot: ['/api/v1/devices', '/api/v1/status'] },
  ]);
});

test('a stream says why it ends, and what it may not have, by the codes of the error table', async (t) => {
  const may = permissionsOf(['read:device/kitchen']);
  const blind = permissionsOf(['publish:x']);
  assert.ok(typeof may !== 'string' && typeof blind !== 'string');
  const callers: Readonly<Record<string, Principal>> = {
    cook: { id: 'c', kind: 'program', name: 'cook', may },
    blind: { id: 'b', kind: 'program', name: 'blind', may: blind },
  };
  const { hub, address, revoke } = await liveSite(t, {
    identify: ({ headers }) => callers[String(headers.caller)] ?? nobody,
  });
  const cook = await curl(t, address, '', ['-H', 'caller: cook']);
  hub.taken(taken('hall', 1));
  hub.taken(taken('kitchen', 2));
  await eventually('an event', () => cook.named('measurement').length > 0);
  assert.deepEqual(
    cook.named('measurement').map((one) => (one as { deviceId: string }).deviceId),
    ['kitchen'],
  );
  revoke('c');
  await within(3_000, 'the end', once(cook.process, 'close'));
  assert.equal((cook.named('error')[0] as { code: string }).code, 'access.unknown');
  const rows: readonly (readonly [query: string, caller: string, status: number, code: string])[] = [
    ['', 'nobody', 401, 'access.unknown'],
    ['', 'blind', 403, 'access.denied'],
    ['?kinds=values', 'cook', 400, 'request.invalid'],
    ['?topics=a/%23/b', 'cook', 400, 'request.invalid'],
    ['?devices=', 'cook', 400, 'request.invalid'],
    ['?device=a', 'cook', 400, 'request.invalid'],
    ['?after=a&after=b', 'cook', 400, 'request.invalid'],
    [`?devices=${'a,'.repeat(200)}a`, 'cook', 400, 'request.invalid'],
    ['/poll?waitMs=60000', 'cook', 400, 'request.invalid'],
  ];
  for (const [query, caller, status, code] of rows) {
    const response = await fetch(`http://${address}/api/v1/live${query}`, { headers: { caller } });
    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [status, code], query);
  }
  const head = await fetch(`http://${address}/api/v1/live`, { method: 'HEAD', headers: { caller: 'cook' } });
  assert.match(String(head.headers.get('content-type')), /^text\/event-stream/);
  const stopped = await curl(t, address, '', ['-i', '-H', 'caller: cook']);
  await hub.stop();
  await within(3_000, 'the end', once(stopped.process, 'close'));
  assert.equal((stopped.named('error')[0] as { code: string }).code, 'buffer.closed');
});

test('who can only ask gets the same events, after its cursor, or waits for them', async (t) => {
  const { hub, address } = await liveSite(t);
  const ask = async (query: string) => {
    const response = await fetch(`http://${address}/api/v1/live/poll${query}`);
    return (await response.json()) as { events: { event: string; cursor: string; reason?: string }[]; next: string };
  };
  const begin = await ask('');
  assert.deepEqual(begin, { events: [], next: `${hub.epoch}-0` });
  const waiting = ask(`?after=${begin.next}&devices=a`);
  await eventually('the reader', () => hub.status().subscriptions === 1);
  hub.taken(taken('b', 1));
  hub.taken(taken('a', 2));
  const got = await waiting;
  assert.deepEqual(
    got.events.map(({ cursor }) => cursor),
    [`${hub.epoch}-2`],
  );
  assert.equal(got.next, `${hub.epoch}-2`);
  hub.taken(taken('a', 3));
  assert.equal((await ask(`?after=${got.next}`)).events.length, 1, 'what came between two questions is not lost');
  assert.deepEqual(await ask(`?after=${hub.epoch}-3&waitMs=0`), { events: [], next: `${hub.epoch}-3` });
  const lost = await ask('?after=x');
  assert.deepEqual([lost.events[0]?.event, lost.events[0]?.reason, lost.next], ['reset', 'unknown', `${hub.epoch}-3`]);
  // Whoever goes away while it waits is forgotten.
  const gone = new AbortController();
  const left = fetch(`http://${address}/api/v1/live/poll?after=${hub.epoch}-3`, { signal: gone.signal }).catch(
    () => 'left',
  );
  await eventually('the reader', () => hub.status().subscriptions === 1);
  gone.abort();
  assert.equal(await left, 'left');
  await eventually('nobody', () => hub.status().subscriptions === 0);
});

test('a hundred streams that nobody reads cost little, are let go, and others notice nothing', async (t) => {
  const { hub, address } = await liveSite(t, { bounds: { frozenMs: 1_000 } });
  const [host, port] = address.split(':');
  for (let i = 0; i < 100; i++) {
    const socket = connect(Number(port), host).pause();
    socket.write(`GET /api/v1/live HTTP/1.1\r\nhost: ${address}\r\n\r\n`);
    socket.on('error', () => {
      // A reset is how such a stream ends.
    });
    t.after(() => socket.destroy());
  }
  await eventually('all of them', () => hub.status().subscriptions === 100);
  const reader = await curl(t, address);
  const before = memory();
  const text = 'x'.repeat(20_000);
  let last = 0;
  let most = 0;
  await eventually(
    'all to be let go',
    () => {
      for (let i = 0; i < 20; i++) hub.taken(taken(`d${i % 10}`, text + ++last));
      most = Math.max(most, memory() - before);
      return hub.status().frozen === 100;
    },
    { timeoutMs: 15_000 },
  );
  await eventually('the last event', () => reader.lastId === `${hub.epoch}-${last}`);
  assert.equal(hub.status().subscriptions, 1);
  assert.ok(most < 150e6, `${Math.round(most / 1e6)} MB more`);
});

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('streams and requests have room of their own', async (t) => {
  const { address, hub } = await liveSite(t, { maxLiveConnections: 2 });
  await curl(t, address);
  await curl(t, address);
  const third = await fetch(`http://${address}/api/v1/live`);
  assert.equal(third.status, 503);
  assert.equal(((await third.json()) as { code: string }).code, 'overload.shed');
  assert.equal(hub.status().subscriptions, 2);
  assert.equal((await fetch(`http://${address}/api/v1/health/live`)).status, 200);
});
