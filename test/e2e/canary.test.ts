import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SinkFile } from '../support/collector.ts';
import { startGateway, statusOf } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

test('canaries go the whole way, come back, and stand in the ledger and at the collector, apart from data', {
  timeout: 60_000,
}, async (t) => {
  const dir = tempDir(t);
  const sink = new SinkFile(join(dir, 'records.ndjson'));
  const gateway = await startGateway(t, {
    dataDir: join(dir, 'data'),
    sink: `file:${sink.path}`,
    set: { 'uplink.canary': '50ms' },
  });
  const oracle = new Oracle();
  await new Device({ oracle, topic: 'birds' }).run(gateway.port('mqtt'), 20);
  const status = await eventually('three to come back', async () => {
    const found = await statusOf(gateway);
    return (found.uplink.canary?.returned ?? 0) >= 3 && found;
  });
  const { canary } = status.uplink;
  assert.ok(canary !== null && canary.roundTripMs !== null && canary.roundTripMs > 0, JSON.stringify(canary));
  const scraped = await (await fetch(`http://127.0.0.1:${gateway.port('http')}/metrics`)).text();
  const count = Number(/^headgate_uplink_canary_seconds_count (\d+)$/m.exec(scraped)?.[1]);
  assert.ok(count >= 3, `${count}`);
  assert.match(scraped, /^headgate_uplink_canary_overdue 0$/m);
  await gateway.stop();
  const lines = sink.look();
  const canaries = lines.filter(({ source, topic }) => source === 'headgate' && topic === 'headgate/canary');
  assert.ok(canaries.length >= 3);
  assert.equal(lines.length, 20 + canaries.length);
  // Without fields they are no measurements, in a `sqlite:` sink either.
  assert.ok(canaries.every((one) => one.fields === undefined || one.fields.length === 0));
  assert.equal(status.flow.received, 20);
  const { received, delivered, waiting, dropped } = status.buffer.ledger;
  assert.equal(received, delivered + waiting + Object.values(dropped).reduce((sum, one) => sum + one, 0));
});
