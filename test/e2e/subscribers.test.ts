import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { MosquittoSub, mosquittoPub } from '../support/mosquitto.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

async function site(t: TestContext) {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` });
  return { gateway, port: gateway.port('mqtt'), sink };
}

for (const version of ['mqttv31', 'mqttv311', 'mqttv5']) {
  test(`mosquitto_sub (${version}): live and retained messages`, async (t) => {
    const { port } = await site(t);
    await mosquittoPub(port, ['-t', 'room/kept', '-q', '1', '-r', '-m', 'old']);
    const sub = await MosquittoSub.start(t, port, ['-V', version, '-q', '1', '-t', 'room/#']);
    await mosquittoPub(port, ['-t', 'room/live', '-q', '1', '-m', 'new']);
    await eventually('both messages', () => sub.lines.length === 2);
    assert.deepEqual(sub.lines, ['room/kept 1 1 old', 'room/live 1 0 new']);
  });
}

test('mosquitto_sub: a session that is kept gets what came while it was away, in order', async (t) => {
  const { port } = await site(t);
  const session = ['-i', 'sleeper', '-c', '-q', '1', '-t', 'night/#'];
  const first = await MosquittoSub.start(t, port, session);
  await first.kill();
  const lines = Array.from({ length: 20 }, (_, index) => `${index}`);
  await mosquittoPub(port, ['-t', 'night/1', '-q', '1', '-l'], Buffer.from(`${lines.join('\n')}\n`));
  const second = await MosquittoSub.start(t, port, session);
  await eventually('all of them', () => second.lines.length === 20);
  assert.deepEqual(
    second.lines,
    lines.map((line) => `night/1 1 0 ${line}`),
  );
});

test('a QoS 2 message is taken in and passed on once, though it is sent again on a new connection', async (t) => {
  const { port, sink } = await site(t);
  const sub = await MosquittoSub.start(t, port, ['-q', '2', '-t', 'once']);
  const message = {
    cmd: 'publish' as const,
    topic: 'once',
    qos: 2 as const,
    messageId: 9,
    payload: '1',
    retain: false,
  };
  const first = await RawMqtt.connect(port, 'careful', 4, { clean: false });
  first.send({ ...message, dup: false });
  await first.take('pubrec');
  await first.drop();
  for (let again = 0; again < 3; again++) {
    const next = await RawMqtt.connect(port, 'careful', 4, { clean: false });
    next.send({ ...message, dup: true });
    await next.take('pubrec');
    await next.drop();
  }
  const last = await RawMqtt.connect(port, 'careful', 4, { clean: false });
  last.send({ cmd: 'pubrel', messageId: 9 });
  await last.take('pubcomp');
  // The id is free now: the next message under it is another one.
  last.send({ ...message, payload: '2', dup: false });
  await last.take('pubrec');
  await eventually('the second message', () => sub.lines.includes('once 2 0 2'));
  assert.deepEqual(sub.lines, ['once 2 0 1', 'once 2 0 2']);
  await eventually('both records', () => sink.look().length >= 2);
  assert.deepEqual(
    sink.look().map((record) => record.fields?.[0]?.number),
    [1, 2],
  );
});

for (const [name, version, more] of [
  ['MQTT 3.1.1', 4, { clean: true }],
  ['MQTT 5, session kept', 5, { clean: true, properties: { sessionExpiryInterval: 100 } }],
] as const) {
  test(`${name}: after a clean start a packet id that was left open stands for a new message`, async (t) => {
    const { port, sink } = await site(t);
    const sub = await MosquittoSub.start(t, port, ['-q', '1', '-t', 'fresh']);
    for (const payload of ['1', '2']) {
      const client = await RawMqtt.connect(port, 'forgetful', version, more);
      client.send({ cmd: 'publish', topic: 'fresh', qos: 2, messageId: 1, payload, dup: false, retain: false });
      await client.take('pubrec');
      await client.drop();
    }
    await eventually('both at the subscriber', () => sub.lines.length === 2);
    await eventually('both records', () => sink.look().length === 2);
    assert.deepEqual(
      sink.look().map((record) => record.fields?.[0]?.number),
      [1, 2],
    );
  });
}

for (const qos of [0, 1] as const) {
  test(`a subscriber that stops reading (QoS ${qos}) holds up neither publishers nor the others`, {
    timeout: 60_000,
  }, async (t) => {
    const { port, sink } = await site(t);
    const frozen = await RawMqtt.connect(port, 'frozen');
    const good = await RawMqtt.connect(port, 'good');
    for (const [client, granted] of [
      [frozen, qos],
      [good, 0],
    ] as const) {
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'flood', qos: granted }] });
      await client.take('suback');
    }
    frozen.socket.pause();
    const publisher = await RawMqtt.connect(port, 'publisher');
    const count = 1_500;
    const payload = Buffer.alloc(8_000, 'x');
    let slowest = 0;
    const burst = 25;
    for (let begun = 0; begun < count; begun += burst) {
      const sent = performance.now();
      for (let messageId = begun + 1; messageId <= begun + burst; messageId++) {
        publisher.send({ cmd: 'publish', topic: 'flood', qos: 1, messageId, payload, dup: false, retain: false });
      }
      await publisher.takeMany('puback', burst, 10_000);
      slowest = Math.max(slowest, performance.now() - sent);
    }
    const seen = () => good.commands.filter((cmd) => cmd === 'publish').length;
    await eventually('every message at the good subscriber', () => seen() === count);
    t.diagnostic(`the slowest PUBACK took ${slowest.toFixed(0)} ms`);
    // Far below drainTimeout (5 s), which is what a stall would last.
    assert.ok(slowest < 2_000, `${slowest} ms`);
    await eventually('every record', () => sink.look().length === count, { timeoutMs: 15_000 });
  });
}

test('mosquitto_sub: decoded measurements and the state of the gateway, live and as retained messages', async (t) => {
  const { port } = await site(t);
  const before = await MosquittoSub.start(t, port, ['-V', 'mqttv5', '-q', '1', '-t', 'headgate/#']);
  await eventually('the state', () => before.lines.some((line) => line.includes('"state":"ready"')));
  await mosquittoPub(port, ['-t', 'room/1', '-q', '1', '-m', '{"temperature":21.5}']);
  await eventually('the measurement', () => before.lines.some((line) => line.startsWith('headgate/devices/room/1/')));
  const [, , ...words] = (before.lines.find((line) => line.startsWith('headgate/devices/')) ?? '').split(' ');
  const told = JSON.parse(words.slice(1).join(' '));
  assert.deepEqual(told.fields, [{ name: 'temperature', value: 21.5 }]);
  assert.ok(told.sequence > 0);
  const after = await MosquittoSub.start(t, port, ['-V', 'mqttv5', '-t', 'headgate/devices/room/1/measurements']);
  await eventually('the newest value', () => after.lines.length === 1);
  assert.match(after.lines[0] ?? '', /^headgate\/devices\/room\/1\/measurements 0 1 \{.*"value":21\.5/);
});
