import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SinkFile } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { all, Device } from '../support/mqtt-client.ts';
import { PackOracle, packOf } from '../support/packs.ts';
import { rounds, seededRandom } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const count = rounds(4, 300);

/** What `packs/several` sends goes to two lanes, what `packs/one` sends to one. */
const rules = JSON.stringify([
  { name: 'thirds', match: { topic: 'packs/several', field: 'third' }, priority: 'critical' },
]);

test(`kill -9 of the gateway, ${count} times under messages of up to 20 records`, {
  timeout: 60_000 + count * 6_000,
}, async (t) => {
  const random = seededRandom(t);
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const oracle = new PackOracle();
  const gentle = { oracle, regenerate: packOf, window: 20, paceMs: 5 };
  const devices = [
    new Device({ ...gentle, topic: 'packs/one' }),
    new Device({ ...gentle, topic: 'packs/several', version: 5 }),
    new Device({ ...gentle, topic: 'packs/qos2', qos: 2 }),
  ];
  const start = () => startGateway(t, { dataDir: join(dir, 'data'), sink: `file:${sink.path}`, set: { rules } });
  for (let round = 1; round <= count; round++) {
    const gateway = await start();
    const load = all(devices, 30_000, (device) => device.run(gateway.port('mqtt')));
    await delay(random.between(0, 400));
    await gateway.kill();
    await load;
  }
  const gateway = await start();
  for (const device of devices) device.stop();
  await all(devices, 20_000, (device) => device.run(gateway.port('mqtt'), 10));
  const torn = await eventually(
    'the sink to hold all that was acknowledged',
    async () => oracle.assertKept(sink.look(), (topic) => topic !== 'packs/several'),
    { timeoutMs: 20_000, everyMs: 100 },
  );
  t.diagnostic(`${count} kills, ${oracle.acknowledgedCount} acknowledged, ${torn} with some records twice`);
});
