import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RecordLine, recordsOf, SinkFile, startCollector } from '../support/collector.ts';
import { childrenOf, impatient, startGateway } from '../support/gateway.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { mutualTls } from '../support/mutual-tls.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const count = rounds(20, 500);
const timeout = 60_000 + count * 5_000;

/** Kills and restarts a collector under a gateway that is busy all the while. Nobody sends anything twice here. */
async function killAtRandom(
  t: TestContext,
  sink: string,
  records: () => Promise<readonly RecordLine[]>,
  isSecure: boolean,
): Promise<void> {
  const tls = await mutualTls(t, isSecure);
  const random = seededRandom(t);
  const oracle = new Oracle();
  let collector = await startCollector(t, { sink, tls });
  const port = collector.port('collector');
  const gateway = await startGateway(t, { dataDir: join(tempDir(t), 'data'), uplinkPort: port, tls, set: impatient });
  const devices = (['collector/a', 'collector/b'] as const).map(
    (topic) => new Device({ oracle, topic, window: 10, paceMs: 10 }),
  );
  const load = Promise.all(devices.map((device) => device.run(gateway.port('mqtt'))));
  for (let round = 1; round <= count; round++) {
    // Also while it is starting, and while it takes the backlog in.
    const wait = random.next() < 0.7;
    if (round > 1) collector = await startCollector(t, { sink, port, wait, tls });
    await delay(random.between(0, 600));
    await collector.kill();
  }
  collector = await startCollector(t, { sink, port, tls });
  for (const device of devices) device.stop();
  assert.deepEqual(await load, [true, true], 'a device lost its connection to the gateway');
  const restarted = performance.now();
  await all(devices, 10_000, (device) => device.run(gateway.port('mqtt'), 1));
  const { acknowledged } = await settled(oracle, records);
  const recovery = Math.round(performance.now() - restarted);
  t.diagnostic(`${count} kills, ${acknowledged} acknowledged, all there ${recovery} ms after the last restart`);
}

test(`kill -9 of a collector with a file sink, ${count} times under load`, { timeout }, async (t) => {
  const file = new SinkFile(join(tempDir(t), 'records.ndjson'));
  await killAtRandom(t, `file:${file.path}`, async () => file.look(), false);
});

test(`kill -9 of a collector with an SQLite sink, ${count} times under load`, { timeout }, async (t) => {
  const sink = `sqlite:${join(tempDir(t), 'records.db')}`;
  await killAtRandom(t, sink, () => recordsOf(t, sink), true);
});

test('kill -9 of the embedded collector: the gateway starts it again, and nothing is missing', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const options = { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, set: impatient };
  const gateway = await startGateway(t, options);
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'collector/embedded', window: 10, paceMs: 10 });
  const load = device.run(gateway.port('mqtt'));
  for (let round = 0; round < 3; round++) {
    const seen = sink.look().length;
    await eventually('fresh data', () => sink.look().length > seen, { timeoutMs: 10_000 });
    const [collector, ...others] = childrenOf(gateway);
    assert.ok(collector !== undefined && others.length === 0);
    process.kill(collector, 'SIGKILL');
  }
  device.stop();
  assert.equal(await load, true);
  await settled(oracle, () => sink.look());
});
