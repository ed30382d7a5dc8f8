import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect, type IPublishPacket, type MqttClient } from 'mqtt';
import { guard } from '../../src/sources/bridge/mqtt-guard.ts';
import { Broker } from '../support/broker.ts';
import { mosquittoPub } from '../support/mosquitto.ts';
import { eventually } from '../support/wait.ts';

// What `sources/bridge/` rests on in MQTT.js: where its acknowledgements can be held back, and where they can't.

const session = (port: number, protocolVersion: 4 | 5): MqttClient =>
  connect(`mqtt://127.0.0.1:${port}`, {
    clientId: 'contract',
    clean: false,
    protocolVersion,
    reconnectPeriod: 0,
    resubscribe: false,
    ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 60, receiveMaximum: 100 } }),
  });

const subscribed = async (client: MqttClient): Promise<void> => {
  await client.subscribeAsync('#', { qos: 2 });
};

const payloads = (packets: readonly IPublishPacket[]) => packets.map(({ payload }) => payload.toString());
const three = Buffer.from('1\n2\n3\n');

for (const version of [4, 5] as const) {
  describe(`MQTT.js with protocol version ${version}`, () => {
    for (const qos of [1, 2] as const) {
      it(`under the guard holds back QoS ${qos} acknowledgements, each by itself, and reads on`, async (t) => {
        const broker = await Broker.start(t);
        const first = session(broker.port, version);
        t.after(() => first.end(true));
        const came: { readonly packet: IPublishPacket; readonly acknowledge: () => void }[] = [];
        guard(first, {
          onPublish: (packet, acknowledge) => came.push({ packet, acknowledge }),
          onReleased: () => {},
          whenRoom: (go) => go(),
        });
        await subscribed(first);
        await mosquittoPub(broker.port, ['-t', 'a', '-q', `${qos}`, '-l'], three);
        await eventually('all three, with none acknowledged', () => came.length === 3);
        came[1]?.acknowledge();
        const sent = qos === 1 ? 'Received PUBACK from contract' : 'Received PUBREC from contract';
        await eventually('one acknowledgement', () => broker.log.includes(sent));
        first.stream.destroy();
        await eventually('the end', () => !first.connected);

        const again: IPublishPacket[] = [];
        const second = session(broker.port, version);
        t.after(() => second.end(true));
        guard(second, {
          onPublish: (packet, acknowledge) => {
            again.push(packet);
            acknowledge();
          },
          onReleased: () => {},
          whenRoom: (go) => go(),
        });
        await eventually('what was not acknowledged', () => again.length === 2);
        assert.deepEqual(payloads(again), ['1', '3']);
        assert.ok(again.every(({ dup }) => dup === true));
        assert.deepEqual(
          again.map(({ messageId }) => messageId),
          [came[0], came[2]].map((one) => one?.packet.messageId),
          'under the ids that they had',
        );
        await eventually('three acknowledgements in all', () => broker.log.split(sent).length - 1 === 1 + 2);
      });
    }

    it('by itself holds everything behind a message whose handler is not done', async (t) => {
      const broker = await Broker.start(t);
      const client = session(broker.port, version);
      t.after(() => client.end(true));
      const handled: (() => void)[] = [];
      client.handleMessage = (_packet, done) => {
        handled.push(() => done());
      };
      await subscribed(client);
      await mosquittoPub(broker.port, ['-t', 'a', '-q', '1', '-l'], three);
      await eventually(
        'the broker to have sent all',
        () => broker.log.split('Sending PUBLISH to contract').length === 4,
      );
      assert.equal(handled.length, 1);
      handled[0]?.();
      await eventually('the second', () => handled.length === 2);
    });
  });
}

it('MQTT.js by itself acknowledges QoS 2 over MQTT 3.1.1 before its handler is asked', async (t) => {
  const broker = await Broker.start(t);
  const client = session(broker.port, 4);
  t.after(() => client.end(true));
  client.handleMessage = () => {};
  await subscribed(client);
  await mosquittoPub(broker.port, ['-t', 'a', '-q', '2', '-m', 'x']);
  await eventually('PUBREC', () => broker.log.includes('Received PUBREC from contract'));
});
