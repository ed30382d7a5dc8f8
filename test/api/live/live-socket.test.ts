import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket as Ws } from 'ws';
import type { CommandsApi } from '../../../src/api/commands-routes.ts';
import { permissionsOf } from '../../../src/auth/scopes.ts';
import type { Command } from '../../../src/core/command.ts';
import { HeadgateError } from '../../../src/core/errors.ts';
import type { Bearer } from '../../../src/core/message.ts';
import { nobody, type Principal } from '../../../src/core/principal.ts';
import { taken } from '../../live/fixtures.ts';
import { eventually, within } from '../../support/wait.ts';
import { liveSite } from './fixtures.ts';

type Frame = Readonly<Record<string, unknown>>;

/** A client by Node's own WebSocket. */
class Client {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(address: string) {
    this.socket = new WebSocket(`ws://${address}/api/v1/live/ws`);
    this.socket.onmessage = ({ data }) => this.frames.push(JSON.parse(String(data)) as Frame);
    this.socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason };
    };
  }

  static async open(t: TestContext, address: string): Promise<Client> {
    const client = new Client(address);
    await within(3_000, 'the connection', once(client.socket, 'open'));
    t.after(() => client.socket.close());
    return client;
  }

  say(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The frame that answers one. */
  async answer(id: string | number): Promise<Frame> {
    const isIt = (one: Frame): boolean => one.id === id && one.type !== 'events';
    await eventually(`the answer to ${id}`, () => this.frames.some(isIt));
    return this.frames.splice(this.frames.findIndex(isIt), 1)[0]!;
  }

  /** Devices of the events of a subscription. */
  devices(id: string | number): unknown[] {
    return this.frames
      .filter((one) => one.type === 'events' && one.id === id)
      .flatMap(({ events }) => (events as { deviceId: string }[]).map(({ deviceId }) => deviceId));
  }
}

test('subscriptions come, change and go on one connection, and go on after a cursor', async (t) => {
  const { hub, address } = await liveSite(t);
  const client = await Client.open(t, address);
  client.say({ type: 'subscribe', id: 'a', filter: { devices: ['kitchen'] } });
  assert.deepEqual(await client.answer('a'), { type: 'subscribed', id: 'a', cursor: `${hub.epoch}-0` });
  client.say({ type: 'subscribe', id: 2, filter: { topics: 't/hall', kinds: 'measurement' } });
  await client.answer(2);
  for (const device of ['kitchen', 'hall', 'attic']) hub.taken(taken(device, 1));
  await eventually('both', () => client.devices('a').length + client.devices(2).length === 2);
  assert.deepEqual([client.devices('a'), client.devices(2)], [['kitchen'], ['hall']]);
  // With the same id it takes the other's place.
  client.say({ type: 'subscribe', id: 'a', filter: { devices: ['attic', 'hall'] }, after: `${hub.epoch}-0` });
  await client.answer('a');
  await eventually('what was kept', () => client.devices('a').length === 3);
  assert.deepEqual(client.devices('a'), ['kitchen', 'hall', 'attic']);
  client.say({ type: 'unsubscribe', id: 2 });
  assert.deepEqual(await client.answer(2), { type: 'unsubscribed', id: 2 });
  hub.taken(taken('hall', 2));
  await eventually('one more', () => client.devices('a').length === 4);
  assert.deepEqual(client.devices(2), ['hall']);
  client.say({ type: 'subscribe', id: 'x', filter: {}, after: '0123456789ab-1' });
  assert.deepEqual(await client.answer('x'), {
    ...{ type: 'reset', id: 'x', cursor: `${hub.epoch}-4`, reason: 'epoch' },
    snapshot: ['/api/v1/devices', '/api/v1/status'],
  });
  client.say({ type: 'ping', id: 9 });
  assert.deepEqual(await client.answer(9), { type: 'pong', id: 9 });
  client.socket.close();
  await eventually('nobody', () => hub.status().subscriptions === 0);
});

test('what is published is acknowledged once it is durable, and what is wrong is said with its code', async (t) => {
  const bearers: Bearer[] = [];
  const payloads: string[] = [];
  const { address } = await liveSite(t, {
    take: ({ payload, source, mqttQos }, bearer) => {
      payloads.push(`${source} ${mqttQos} ${Buffer.from(payload)}`);
      bearers.push(bearer);
    },
  });
  const client = await Client.open(t, address);
  client.say('{"type":"publish","id":1,"topic":"a","payload":{"n":9007199254740993},"qos":0}');
  client.say({ type: 'publish', id: 2, topic: 'a', payloadText: 'on' });
  client.say({ type: 'publish', id: 3, topic: 'a', payloadBase64: 'AP8=' });
  client.say({ type: 'ping', id: 'p' });
  await client.answer('p');
  assert.deepEqual(client.frames, [], 'nothing is acknowledged yet');
  assert.deepEqual(payloads, ['ws 0 {"n":9007199254740993}', 'ws undefined on', 'ws undefined \0\ufffd']);
  bearers[1]!.taken(42);
  assert.deepEqual(await client.answer(2), { type: 'ack', id: 2, sequence: 42 });
  bearers[0]!.taken(0);
  assert.deepEqual(await client.answer(1), { type: 'ack', id: 1, sequence: null });
  bearers[2]!.refused(new HeadgateError('buffer.full', 'The buffer is full.'));
  const { code, retryable } = await client.answer(3);
  assert.deepEqual([code, retryable], ['buffer.full', true]);
  const rows: readonly (readonly [frame: object, code: string])[] = [
    [{ type: 'publish', id: 'w', topic: 'a' }, 'request.invalid'],
    [{ type: 'publish', id: 'w', topic: 'a', payload: 1, payloadText: '1' }, 'request.invalid'],
    [{ type: 'publish', id: 'w', topic: 'a', payloadBase64: 'A*' }, 'request.invalid'],
    [{ type: 'publish', id: 'w', topic: 'a', payload: 1, qos: 3 }, 'request.invalid'],
    [{ type: 'publish', id: 'w', topic: 1, payload: 1 }, 'request.invalid'],
    [{ type: 'subscribe', id: 'w', filter: [] }, 'request.invalid'],
    [{ type: 'subscribe', id: 'w', filter: { kinds: ['x'] } }, 'request.invalid'],
    [{ type: 'query', id: 'w', what: 'devices', query: { limit: 0 } }, 'request.invalid'],
    [{ type: 'query', id: 'w', what: 'device', device: 'nobody' }, 'device.unknown'],
    [{ type: 'query', id: 'w', what: 'measurements', query: { points: 0 } }, 'request.invalid'],
    [{ type: 'query', id: 'w', what: 'measurements', query: { device: 'nobody' } }, 'device.unknown'],
    [{ type: 'toString', id: 'w' }, 'request.invalid'],
    [{ type: 'ping', id: 'w', more: 1 }, 'request.invalid'],
  ];
  for (const [frame, expected] of rows) {
    client.say(frame);
    const answer = await client.answer('w');
    assert.deepEqual([answer.type, answer.code], ['error', expected], JSON.stringify(frame));
  }
  client.say({ type: 'query', id: 'q', what: 'devices', query: { limit: 5 } });
  assert.deepEqual((await client.answer('q')).result, { devices: [], next: null, total: 0 });
});

test('a command is answered when it is durable, and once more when it is over', async (t) => {
  const known = { id: 'c', deviceId: 'lamp', name: 'on', revision: 1, at: 0 };
  const sent: Command[] = [];
  const over = Promise.withResolvers<void>();
  const commands: CommandsApi = {
    send: async (command) => {
      sent.push(command);
      return { ...known, state: 'queued' };
    },
    get: () => undefined,
    ofDevice: () => [],
    watch: () => () => {},
    over: async () => {
      await over.promise;
      return { ...known, revision: 2, state: 'acknowledged', result: Buffer.from('1') };
    },
  };
  const { address } = await liveSite(t, { commands });
  const client = await Client.open(t, address);
  client.say({ type: 'command', id: 1, device: 'lamp', commandId: 'c', name: 'on', payload: { level: 3 } });
  const said = async () => (await client.answer(1)).command as { state: string; result: unknown };
  assert.equal((await said()).state, 'queued');
  assert.equal(`${sent[0]!.id} ${sent[0]!.deviceId} ${Buffer.from(sent[0]!.payload)}`, 'c lamp {"level":3}');
  over.resolve();
  const { state, result } = await said();
  assert.deepEqual([state, result], ['acknowledged', 1]);
  for (const wrong of [{ device: '' }, { device: 'lamp', commandId: 'a b' }, { device: 'lamp', priority: 'high' }]) {
    client.say({ type: 'command', id: 2, ...wrong });
    assert.equal((await client.answer(2)).code, 'request.invalid');
  }
});

test('who may do what is the same as everywhere, and ends at once when it is taken back', async (t) => {
  const may = permissionsOf(['read:device/kitchen', 'publish:kitchen/#']);
  assert.ok(typeof may !== 'string');
  const cook: Principal = { id: 'c', kind: 'program', name: 'cook', may };
  const { hub, address, published, revoke } = await liveSite(t, {
    identify: ({ headers }) => (headers.authorization === undefined ? nobody : cook),
  });
  const refused = new Ws(`ws://${address}/api/v1/live/ws`);
  refused.on('error', () => {});
  const [, answer] = (await once(refused, 'unexpected-response')) as [object, IncomingMessage];
  refused.terminate();
  assert.deepEqual([answer.statusCode, answer.headers['www-authenticate']], [401, 'Bearer realm="headgate"']);
  const socket = new Ws(`ws://${address}/api/v1/live/ws`, { headers: { authorization: 'Bearer x' } });
  const frames: Frame[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as Frame));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', id: 1 }));
  socket.send(JSON.stringify({ type: 'publish', id: 2, topic: 'hall/x', payload: 1 }));
  socket.send(JSON.stringify({ type: 'publish', id: 3, topic: 'kitchen/x', payload: 1 }));
  socket.send(JSON.stringify({ type: 'query', id: 4, what: 'device', device: 'hall' }));
  await eventually('four answers', () => frames.length === 4);
  const byId = (id: number) => frames.find((one) => one.id === id)!;
  assert.deepEqual([byId(2).code, byId(3).type, byId(4).code], ['access.denied', 'ack', 'access.denied']);
  assert.deepEqual(
    published.map(({ topic }) => topic),
    ['kitchen/x'],
  );
  hub.taken(taken('hall', 1));
  hub.taken(taken('kitchen', 1));
  await eventually('an event', () => frames.some(({ type }) => type === 'events'));
  assert.equal((frames.find(({ type }) => type === 'events')!.events as unknown[]).length, 1);
  const closed = once(socket, 'close');
  revoke('c');
  const [code] = (await within(3_000, 'the end', closed)) as [number];
  assert.equal(code, 4401);
  assert.equal(frames.at(-1)!.code, 'access.unknown');
  assert.equal(hub.status().subscriptions, 0);
});

test('a stop, garbage, frames that are too long and too many subscriptions are answered by closing or a code', async (t) => {
  const { hub, address } = await liveSite(t);
  const garbage = await Client.open(t, address);
  for (let i = 0; i < 20; i++) garbage.say('\u{1f9c2}');
  await eventually('the end', () => garbage.closed !== undefined);
  assert.equal(garbage.closed!.code, 4400);
  assert.equal(garbage.frames.length, 21);
  const binary = await Client.open(t, address);
  binary.socket.send(new Uint8Array([1, 2, 3]));
  await eventually('an error', () => binary.frames[0]?.code === 'request.unsupported');
  const long = await Client.open(t, address);
  long.say('x'.repeat(1024 * 1024 + 1));
  await eventually('the end', () => long.closed !== undefined);
  assert.equal(long.closed!.code, 1009);
  const many = await Client.open(t, address);
  for (let id = 0; id <= 32; id++) many.say({ type: 'subscribe', id, filter: { devices: [`d${id}`] } });
  assert.equal((await many.answer(32)).code, 'rate.limited');
  assert.equal(hub.status().subscriptions, 32);
  await hub.stop();
  await eventually('the end', () => many.closed !== undefined);
  assert.equal(many.closed!.code, 1012);
  assert.equal(many.frames.at(-1)!.code, 'buffer.closed');
});

test('who never reads, or never says a word, holds up nobody', async (t) => {
  const bearers: Bearer[] = [];
  const { hub, address } = await liveSite(t, {
    bounds: { frozenMs: 1_000 },
    take: (_message, bearer) => void bearers.push(bearer),
  });
  // Half-open upgrades, and one that says its request byte by byte.
  const [host, port] = address.split(':');
  for (let i = 0; i < 50; i++) {
    const half = connect(Number(port), host);
    half.on('error', () => {});
    half.write(`GET /api/v1/live/ws HTTP/1.1\r\nHost: ${address}\r\nConnection: Upgrade\r\nUpgr`);
    t.after(() => half.destroy());
  }
  const frozen: Ws[] = [];
  for (let i = 0; i < 30; i++) {
    const one = new Ws(`ws://${address}/api/v1/live/ws`);
    one.on('error', () => {});
    await once(one, 'open');
    one.send(JSON.stringify({ type: 'subscribe', id: 1 }));
    one.pause();
    frozen.push(one);
    t.after(() => one.terminate());
  }
  const flooder = new Ws(`ws://${address}/api/v1/live/ws`);
  flooder.on('error', () => {});
  await once(flooder, 'open');
  flooder.pause();
  const ask = JSON.stringify({ type: 'nonsense', id: 'x'.repeat(60) });
  const reader = await Client.open(t, address);
  reader.say({ type: 'subscribe', id: 1 });
  await reader.answer(1);
  const text = 'x'.repeat(20_000);
  let last = 0;
  await eventually(
    'all to be let go',
    () => {
      for (let i = 0; i < 20; i++) hub.taken(taken(`d${i % 10}`, text + ++last));
      flooder.send(ask);
      return hub.status().frozen === 30;
    },
    { timeoutMs: 15_000 },
  );
  await eventually('the last event', () => reader.frames.some(({ cursor }) => cursor === `${hub.epoch}-${last}`));
  flooder.terminate();
  // What is not durable yet holds back whoever publishes, not the others.
  const publisher = await Client.open(t, address);
  for (let id = 0; id < 400; id++) publisher.say({ type: 'publish', id, topic: 'a', payloadText: 'x'.repeat(2_000) });
  await eventually('as many as may be under way', () => bearers.length >= 256);
  reader.say({ type: 'ping', id: 'p' });
  await reader.answer('p');
  assert.ok(bearers.length < 400, `${bearers.length} are under way`);
  let given = 0;
  await eventually('all of them', () => {
    for (const bearer of bearers.slice(given)) bearer.taken(++given);
    return publisher.frames.length === 400;
  });
});

test('a question to the history is put off when there is more to do than can be done', async (t) => {
  const admitRead = (): never => {
    throw new HeadgateError('overload.shed', 'The gateway is late.', { retryAfterSeconds: 7 });
  };
  const { address } = await liveSite(t, { load: { take: () => {}, admitRead, connectionRefused: () => {} } });
  const client = await Client.open(t, address);
  client.say({ type: 'query', id: 1, what: 'measurements', query: { device: 'hall' } });
  const { code, retryAfterSeconds } = await client.answer(1);
  assert.deepEqual([code, retryAfterSeconds], ['overload.shed', 7]);
  client.say({ type: 'query', id: 2, what: 'devices' });
  assert.equal((await client.answer(2)).type, 'result');
});
