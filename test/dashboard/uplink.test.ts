import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startCollector } from '../support/collector.ts';
import { impatient, startGateway } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle } from '../support/oracle.ts';
import { RawMqtt } from '../support/raw-mqtt.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

test('an outage and its end, as the page tells it', async (t) => {
  const dir = tempDir(t);
  const sink = { sink: `file:${join(dir, 'records.ndjson')}` };
  // Its port, once it has ended, is one where nobody listens.
  const early = await startCollector(t, sink);
  const port = early.port('collector');
  await early.stop();
  const gateway = await startGateway(t, { dataDir: join(dir, 'data'), uplinkPort: port, set: impatient });
  await new Device({ oracle: new Oracle(), topic: 'outage' }).run(gateway.port('mqtt'), 300);
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/uplink`);
  const flow = page.getByRole('region', { name: 'The way of a message' });
  await flow.getByText('300 records wait').waitFor();
  await flow.getByText(/Tries again|Connecting/).waitFor();
  const ledger = page
    .getByRole('region')
    .or(page.locator('section'))
    .filter({ hasText: 'What became of every record' });
  await ledger.getByText('Nothing was dropped').waitFor();
  await page.getByText('What expired, then the oldest of the rule default (Normal, 300 records)').waitFor();
  await startCollector(t, { ...sink, port });
  await flow.getByText('0 records wait').waitFor();
  await flow.getByText('Connected').waitFor();
  await ledger.getByRole('row', { name: 'Delivered to the collector 300' }).waitFor();
  assert.deepEqual(faults, []);
});

test('a disk without room is told as that, and not as a budget that is used up', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const rules = '[{ name: all, match: { topic: "#" }, whenFull: block }]';
  const faults = { failCommits: { from: 1, count: 1e6, kind: 'full' } };
  const gateway = await startGateway(t, {
    dataDir,
    set: { ...impatient, rules, 'buffer.maxBytes': '900000GB' },
    faults,
  });
  const client = await RawMqtt.connect(gateway.port('mqtt'), 'waits');
  t.after(() => client.drop());
  client.send({ cmd: 'publish', topic: 'a', payload: '1', qos: 1, messageId: 1, dup: false, retain: false });
  const { page } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/uplink`);
  await page.getByText('The disk is full').waitFor();
  await page.getByText(/It may take 900.* \(buffer.maxBytes\), but its disk has no more room than that\./).waitFor();
  const advice = await page.getByText(/a larger buffer\.maxBytes does not help/).textContent();
  assert.ok(advice?.includes(`Left on the disk of ${join(dataDir, 'buffer')}: `), advice ?? '');
});
