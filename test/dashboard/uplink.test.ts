import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startCollector } from '../support/collector.ts';
import { impatient, startGateway } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle } from '../support/oracle.ts';
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
