import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { Client } from 'aedes';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { eventually, within } from '../support/wait.ts';
import { type BareBroker, type BareOptions, bareBroker, publish } from './bare-broker.ts';

const payload = Buffer.alloc(8_000);
const count = 1_500;

interface Flood {
  readonly frozen: RawMqtt;
  readonly good: RawMqtt;
  readonly publisher: RawMqtt;
  /** The frozen one reads again. */
  readonly thaw: () => void;
}

/** A subscriber that never reads, one that does, and a publisher that floods both and then pings. */
async function flood({ port, aedes }: BareBroker, frozenQos: 0 | 1): Promise<Flood> {
  const frozen = await RawMqtt.connect(port, 'frozen');
  const good = await RawMqtt.connect(port, 'good');
  for (const [client, qos] of [
    [frozen, frozenQos],
    [good, 0],
  ] as const) {
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos }] });
    await client.take('suback');
  }
  frozen.socket.pause();
  // The kernel's buffers are full from the start: what they take of one who does not read is theirs to say, up to 32 MiB.
  const { conn } = (aedes as unknown as { clients: Record<string, { conn: Socket }> }).clients.frozen!;
  conn.cork();
  const publisher = await RawMqtt.connect(port, 'publisher');
  for (let id = 1; id <= count; id++) {
    publisher.send(publish(frozenQos, id, { payload }));
    // Keeps the sender from running ahead of a broker that does its part, while several packets share a read.
    if (id % 25 === 0) await new Promise(setImmediate);
  }
  const thaw = (): void => {
    conn.uncork();
    frozen.socket.resume();
  };
  return { frozen, good, publisher, thaw };
}

const seenBy = (client: RawMqtt) => client.commands.filter((cmd) => cmd === 'publish').length;

test('without help, one frozen subscriber keeps the others from their messages until drainTimeout has ended it', async () => {
  const drainTimeout = 1_000;
  await using broker = await bareBroker({ drainTimeout });
  const started = performance.now();
  const { good } = await flood(broker, 0);
  await eventually('every message at the good subscriber', () => seenBy(good) === count, { timeoutMs: 10_000 });
  assert.ok(performance.now() - started >= drainTimeout);
  assert.ok(broker.errors.includes('drain timeout'), broker.errors.join());
  assert.ok(!('frozen' in (broker.aedes as unknown as { clients: object }).clients));
});

const limit = 200_000;

/** Makes `write` answer for itself, and leaves a client with more than `limit` unsent bytes out of deliveries. */
function help(answer: (socket: Socket) => boolean) {
  const seen = { most: 0, skipped: 0 };
  const options: BareOptions = {
    onSocket: (socket) => {
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
      socket.write = (...args: unknown[]) => {
        write(...args);
        seen.most = Math.max(seen.most, socket.writableLength);
        return answer(socket);
      };
    },
    authorizeForward: (client: Client, packet) => {
      if ((client.conn as Socket).writableLength <= limit) return packet;
      seen.skipped += 1;
      return null;
    },
  };
  return { seen, options };
}

test('with a write that says "stop" at the limit, who crosses it is still held up until drainTimeout', async () => {
  const drainTimeout = 1_000;
  const { options } = help((socket) => socket.writableLength <= limit);
  await using broker = await bareBroker({ ...options, drainTimeout });
  const started = performance.now();
  const { good } = await flood(broker, 1);
  await eventually('every message at the good subscriber', () => seenBy(good) === count, { timeoutMs: 10_000 });
  assert.ok(performance.now() - started >= drainTimeout);
});

for (const qos of [0, 1] as const) {
  test(`with a write that always says "go on" and an authorizeForward that leaves it out, it stalls nobody (QoS ${qos})`, async () => {
    const { seen, options } = help(() => true);
    await using broker = await bareBroker({ ...options, drainTimeout: 60_000 });
    const { frozen, good, publisher, thaw } = await flood(broker, qos);
    await within(
      5_000,
      'every message at the good subscriber',
      eventually('it', () => seenBy(good) === count),
    );
    await publisher.ping();
    if (qos === 1) assert.equal(publisher.commands.filter((cmd) => cmd === 'puback').length, count);
    assert.ok(seen.skipped > 0);
    // What was under way (`concurrency` deliveries at most) when the limit was reached comes on top.
    assert.ok(seen.most < limit + 101 * (payload.length + 20), `${seen.most} bytes waited`);
    assert.deepEqual(broker.errors, []);
    // It is only left out, not ended: when it reads again it is served again.
    thaw();
    await eventually('the frozen one to catch up', () => seenBy(frozen) === count - seen.skipped);
    publisher.send(publish(0, 0, { payload: 'fresh' }));
    await eventually('a fresh message', () => seenBy(frozen) === count - seen.skipped + 1);
  });
}

test('a client that does not read its own acknowledgements is ended after drainTimeout', async () => {
  await using broker = await bareBroker({ drainTimeout: 300 });
  const client = await RawMqtt.connect(broker.port, 'c');
  const other = await RawMqtt.connect(broker.port, 'other');
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 0 }] });
  await client.take('suback');
  client.socket.pause();
  for (let id = 1; id <= count; id++) client.send(publish(1, (id % 65_535) + 1, { payload }));
  await eventually('the drain timeout', () => broker.errors.includes('drain timeout'));
  await other.ping();
});
