import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IPublishPacket } from 'mqtt-packet';
import { seededRandom } from '../../../support/random.ts';
import { publish, Site } from '../site.ts';

const keep = { clean: false, properties: { sessionExpiryInterval: 100, receiveMaximum: 7 } };
const cuts = 100;
const messages = 1_500;

for (const qos of [1, 2] as const) {
  test(`a subscriber with QoS ${qos} whose connection is cut ${cuts} times misses nothing, ${qos === 1 ? 'in order' : 'and gets nothing twice'}`, async (t) => {
    const site = await Site.start(t, { maxQueuedPerClient: messages });
    const random = seededRandom(t);
    const first = await site.connect('s', 5, keep);
    first.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos }] });
    await first.take('suback');
    await site.lose(first);
    const writer = await site.connect('w', 5);
    const sending = (async () => {
      for (let i = 1; i <= messages; i++) {
        writer.send(publish(qos, i, `${i}`) as IPublishPacket);
        if (i % 10 > 0) continue;
        await writer.takeMany(qos === 1 ? 'puback' : 'pubrec', 10);
        // As a device does: an id is free again once it was released.
        if (qos === 2) for (let id = i - 9; id <= i; id++) writer.send({ cmd: 'pubrel', messageId: id });
      }
    })();
    const got: string[] = [];
    /** QoS 2: ids of messages that are here and not released; the client remembers them over its connections. */
    const held = new Set<number>();
    let seen = 0;
    for (let cut = 0; new Set(got).size < messages; cut++) {
      const client = await site.connect('s', 5, keep);
      assert.equal(client.connack.sessionPresent, true);
      let left = cut < cuts ? random.between(0, 30) : Number.POSITIVE_INFINITY;
      while (left-- > 0 && new Set(got).size < messages) {
        if (client.inbox.length === 0) await client.someArrived(5_000);
        const packet = client.inbox.shift();
        if (packet?.cmd === 'publish') {
          const { messageId = 0, payload } = packet;
          if (qos === 1 || !held.has(messageId)) got.push(`${payload}`);
          if (qos === 2) held.add(messageId);
          client.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId });
        } else if (packet?.cmd === 'pubrel') {
          held.delete(packet.messageId ?? 0);
          client.send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
        }
      }
      seen = cut;
      // In the middle of whatever it was about to say.
      await client.drop();
    }
    await sending;
    const all = Array.from({ length: messages }, (_, i) => `${i + 1}`);
    if (qos === 2) assert.deepEqual(got, all);
    else assert.deepEqual([...new Set(got)], all);
    assert.ok(seen >= 20, `${seen} cuts`);
  });
}
