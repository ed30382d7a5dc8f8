import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { MosquittoSub, mosquittoPub } from '../support/mosquitto.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

function site(t: TestContext) {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  return { sink, start: () => startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}` }) };
}

const ends: readonly (readonly [string, (gateway: HeadgateProcess) => Promise<void>])[] = [
  ['a stop in good order', (gateway) => gateway.stop()],
  ['kill -9', (gateway) => gateway.kill()],
];

for (const [name, end] of ends) {
  test(`mosquitto_sub finds its session, its messages and the retained ones after ${name}`, async (t) => {
    const { start } = site(t);
    const first = await start();
    const session = ['-i', 'sleeper', '-c', '-q', '1', '-t', 'night/#'];
    const early = await MosquittoSub.start(t, first.port('mqtt'), session);
    await early.kill();
    const lines = Array.from({ length: 20 }, (_, index) => `${index}`);
    await mosquittoPub(first.port('mqtt'), ['-t', 'night/1', '-q', '1', '-l'], Buffer.from(`${lines.join('\n')}\n`));
    await mosquittoPub(first.port('mqtt'), ['-t', 'state', '-q', '1', '-r', '-m', 'on']);
    await end(first);
    const second = await start();
    const late = await MosquittoSub.start(t, second.port('mqtt'), session);
    await eventually('all of them', () => late.lines.length === 20);
    assert.deepEqual(
      late.lines,
      lines.map((line) => `night/1 1 0 ${line}`),
    );
    const other = await MosquittoSub.start(t, second.port('mqtt'), ['-q', '1', '-t', 'state']);
    await eventually('the retained one', () => other.lines.length === 1);
    assert.deepEqual(other.lines, ['state 1 1 on']);
  });

  for (const qos of [1, 2] as const) {
    test(`QoS ${qos}: a message that comes again after ${name} makes no second record`, async (t) => {
      const { start, sink } = site(t);
      const answer = qos === 1 ? 'puback' : 'pubrec';
      const message = { cmd: 'publish' as const, topic: 'once', qos, payload: '1', retain: false };
      const first = await start();
      const client = await RawMqtt.connect(first.port('mqtt'), 'careful', 4, { clean: false });
      client.send({ ...message, messageId: 9, dup: false });
      await client.take(answer);
      await end(first);
      const second = await start();
      const again = await RawMqtt.connect(second.port('mqtt'), 'careful', 4, { clean: false });
      again.send({ ...message, messageId: 9, dup: true });
      await again.take(answer);
      again.send({ ...message, messageId: 10, payload: '2', dup: false });
      await again.take(answer);
      await eventually('both records', () => sink.look().length >= 2);
      assert.deepEqual(
        sink.look().map((record) => record.fields?.[0]?.number),
        [1, 2],
      );
    });
  }
}
