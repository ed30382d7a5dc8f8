import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { Aedes, type PublishPacket } from 'aedes';
import { markAnswered } from '../../src/sources/mqtt/aedes-guard.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';

test('a packet marked as answered is neither acknowledged nor passed on by aedes, and the next one is handled', async (t) => {
  const passedOn: string[] = [];
  const broker = await Aedes.createBroker({
    authorizePublish: (_client, packet: PublishPacket, done) => {
      if (packet.topic.startsWith('answered/')) markAnswered(packet);
      done(null);
    },
    published: (packet, client, done) => {
      if (client) passedOn.push(packet.topic);
      done();
    },
  });
  const server = createServer((socket) => broker.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => broker.close(() => server.close(() => resolve()))));
  const { port } = server.address() as AddressInfo;
  for (const version of [4, 5] as const) {
    const client = await RawMqtt.connect(port, `c${version}`, version);
    const publish = { cmd: 'publish', payload: 'x', dup: false, retain: false } as const;
    client.send(
      { ...publish, topic: 'answered/qos1', qos: 1, messageId: 1 },
      { ...publish, topic: 'answered/qos0', qos: 0 },
      { ...publish, topic: 'other', qos: 1, messageId: 2 },
    );
    assert.equal((await client.take('puback')).messageId, 2);
    await client.ping();
    assert.deepEqual(client.commands, ['connack', 'puback', 'pingresp']);
    client.socket.destroy();
  }
  assert.deepEqual(passedOn, ['other', 'other']);
});
