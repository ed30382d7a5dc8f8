import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile, startCollector } from '../support/collector.ts';
import { type GatewayStatus, impatient, startGateway, statusOf } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle, settled } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

/** Every message that came in is delivered, waiting, or counted as dropped. */
function assertBalanced({ buffer }: GatewayStatus): void {
  const { received, delivered, waiting, dropped } = buffer.ledger;
  assert.equal(waiting, buffer.waitingRecords);
  assert.equal(received, delivered + waiting + Object.values(dropped).reduce((sum, count) => sum + count, 0));
}

test('without a collector records wait and the status says so; with one they go, also those of an earlier run', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const collectorOptions = { sink: `file:${sink.path}` };
  // Its port, once it has ended, is one where nobody listens.
  const early = await startCollector(t, collectorOptions);
  const port = early.port('collector');
  await early.stop();

  const options = { dataDir: join(dir, 'data'), uplinkPort: port, set: impatient };
  const oracle = new Oracle();
  const device = new Device({ oracle, topic: 'outage' });
  let gateway = await startGateway(t, options);
  await device.run(gateway.port('mqtt'), 300);
  const down = await statusOf(gateway);
  assert.deepEqual([down.buffer.waitingRecords, down.uplink.acknowledgedRecords], [300, 0]);
  assert.notEqual(down.uplink.state, 'live');
  assertBalanced(down);

  await gateway.stop();
  gateway = await startGateway(t, options);
  await device.run(gateway.port('mqtt'), 200);
  assert.equal((await statusOf(gateway)).buffer.waitingRecords, 500);

  await startCollector(t, { ...collectorOptions, port });
  await settled(oracle, () => sink.look());
  const live = await eventually('an empty backlog', async () => {
    const status = await statusOf(gateway);
    return status.buffer.waitingRecords === 0 && status.uplink.state === 'live' && status;
  });
  assert.equal(live.uplink.acknowledgedRecords, 500);
  assert.equal(live.health.state, 'ready');
  const waited = sink.look().filter(({ historical }) => historical).length;
  assert.equal(waited, 500, 'all of them came late, and are marked so');

  await device.run(gateway.port('mqtt'), 10);
  await settled(oracle, () => sink.look());
  assert.ok(
    sink
      .look()
      .slice(-10)
      .every(({ historical }) => historical !== true),
  );
});
