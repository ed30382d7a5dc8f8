import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connectAsync } from 'mqtt';
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import { Broker } from '../../support/broker.ts';
import { eventually } from '../../support/wait.ts';
import { BridgeSite } from './site.ts';

/** A broker that answers when the test says so, and that tells all that it was sent. */
async function lateBroker(t: TestContext) {
  const got: Packet[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    const reader = parser({ protocolVersion: 5 });
    reader.on('packet', (packet) => got.push(packet));
    socket.on('data', (bytes) => reader.parse(bytes));
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    sockets,
    packets: got,
    say: (packet: Packet) => sockets.at(-1)!.write(generate(packet, { protocolVersion: 5 })),
    got: async (cmd: string): Promise<Packet> => {
      await eventually(cmd, () => got.some((packet) => packet.cmd === cmd));
      return got.find((packet) => packet.cmd === cmd)!;
    },
    has: (cmd: string) => got.some((packet) => packet.cmd === cmd),
  };
}

describe('a bridge to a broker that takes its time', () => {
  it('says how far it is, and takes in what comes before its subscription is confirmed', async (t) => {
    const broker = await lateBroker(t);
    const site = await BridgeSite.start(t, broker.port);
    await broker.got('connect');
    assert.equal(site.status.state, 'connecting');
    broker.say({ cmd: 'connack', sessionPresent: false, reasonCode: 0 });
    const { messageId } = (await broker.got('subscribe')) as { messageId: number };
    assert.equal(site.status.state, 'connected');
    // A session that the broker has kept may speak before it answers.
    const publish = {
      cmd: 'publish',
      qos: 1,
      messageId: 7,
      topic: 'kiln',
      payload: '21',
      dup: false,
      retain: false,
    } as const;
    broker.say(publish);
    await broker.got('puback');
    assert.deepEqual(site.records, ['kiln 21']);
    assert.equal(site.status.state, 'connected');
    broker.say({ cmd: 'suback', messageId, granted: [1] } as unknown as Packet);
    await site.subscribed();
    assert.equal(site.status.connections, 1);
  });

  it('knows whether the broker has a command only once that says so', async (t) => {
    const broker = await lateBroker(t);
    const site = await BridgeSite.start(t, broker.port);
    site.native.set('lamp', { heardOn: 'lamp', topic: 'lamp/set', payload: 'on' });
    await broker.got('connect');
    broker.say({ cmd: 'connack', sessionPresent: false, reasonCode: 0 });
    const { messageId } = (await broker.got('subscribe')) as { messageId: number };
    broker.say({ cmd: 'suback', messageId, granted: [1] } as unknown as Packet);
    await site.subscribed();
    broker.say({ cmd: 'publish', qos: 0, topic: 'lamp', payload: 'off', dup: false, retain: false });
    await eventually('the lamp to be heard', () => site.bridges.reaches('lamp'));
    const command = { id: 'c1', deviceId: 'lamp', name: '', payload: Buffer.from('on'), priority: 'normal' } as const;
    let outcome: unknown;
    const delivered = site.bridges.deliver(command, 60_000).then(
      (is) => {
        outcome = is;
      },
      (error: Error) => {
        outcome = error.message;
      },
    );
    await broker.got('publish');
    assert.equal(outcome, undefined);
    broker.sockets.at(-1)!.destroy();
    await delivered;
    assert.equal(outcome, 'the connection ended before the broker had answered');
  });

  it('gives the broker no more at once than that allows, and nothing whose time is over', async (t) => {
    const broker = await lateBroker(t);
    const site = await BridgeSite.start(t, broker.port);
    for (const device of ['a', 'b', 'c', 'd'])
      site.native.set(device, { heardOn: 'lamp', topic: `${device}/set`, payload: 'on' });
    await broker.got('connect');
    broker.say({ cmd: 'connack', sessionPresent: false, reasonCode: 0, properties: { receiveMaximum: 2 } });
    const { messageId } = (await broker.got('subscribe')) as { messageId: number };
    broker.say({ cmd: 'suback', messageId, granted: [1] } as unknown as Packet);
    await site.subscribed();
    broker.say({ cmd: 'publish', qos: 0, topic: 'lamp', payload: 'off', dup: false, retain: false });
    await eventually('the lamps to be heard', () => site.bridges.reaches('a'));
    const command = { id: 'c1', name: '', payload: Buffer.from('on'), priority: 'normal' } as const;
    const tell = (deviceId: string, withinMs: number) => site.bridges.deliver({ ...command, deviceId }, withinMs);
    const told = [tell('a', 60_000), tell('b', 60_000), tell('c', 0), tell('d', 60_000)];
    const published = () => broker.packets.filter(({ cmd }) => cmd === 'publish') as IPublishPacket[];
    await eventually('two of them', () => published().length === 2);
    broker.say({ cmd: 'puback', messageId: published()[0]!.messageId! });
    await eventually('another one', () => published().length === 3);
    for (const one of published().slice(1)) broker.say({ cmd: 'puback', messageId: one.messageId! });
    assert.deepEqual(await Promise.all(told), [true, true, false, true]);
    assert.deepEqual(
      published().map(({ topic }) => topic),
      ['a/set', 'b/set', 'd/set'],
    );
  });
});

it('a bridge takes in ten thousand retained messages at its start, and not again with the next session', async (t) => {
  const broker = await Broker.start(t);
  const publisher = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  t.after(() => publisher.endAsync());
  const count = 10_000;
  for (let n = 0; n < count; n++) publisher.publish(`shelf/${n}`, `${n}`, { retain: true });
  await publisher.publishAsync('last', 'x', { qos: 1 });
  const site = await BridgeSite.start(t, broker.port, { topics: [{ filter: 'shelf/#', qos: 1 }] });
  await eventually('all of them', () => site.records.length === count, { timeoutMs: 15_000 });
  assert.equal(new Set(site.records).size, count);
  assert.ok(site.messages.every(({ isRetained }) => isRetained === true));
  await site.stop();
  // It forgets the session, and not what it has retained.
  await publisher.publishAsync('last', 'x', { qos: 1 });
  const forget = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
    clientId: 'headgate-gateway-1-plant',
    clean: true,
  });
  await forget.endAsync();
  await site.run();
  await eventually('all to come again', () => site.status.retainedAgain === count, { timeoutMs: 15_000 });
  assert.equal(site.records.length, count);
});
