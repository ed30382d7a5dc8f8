import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

/** More than are told without asking for all, fewer than memory has. */
const count = 510;

async function saved(page: Page, button: string): Promise<string[]> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button, exact: true }).click(),
  ]);
  return readFileSync(await download.path(), 'utf8')
    .trim()
    .split(/\r?\n/);
}

test('fields of several devices are charted, the address says which, and every value can be saved', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const from = new Date().toISOString();
  const lines = Array.from({ length: count }, (_, n) => JSON.stringify({ temperature: n / 8, humidity: 40 }));
  for (const topic of ['lab/a', 'lab/b']) {
    const args = ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', topic, '-l'];
    execFileSync('mosquitto_pub', args, { input: lines.join('\n') });
  }
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/explore`);
  await page.getByLabel('Search for a device or a field').fill('lab/ temp');
  await page.getByRole('checkbox', { name: 'lab/a · temperature' }).check();
  await page.getByRole('checkbox', { name: 'lab/b · temperature' }).check();
  await page.getByText('2 of 8 chosen').waitFor();
  // Before the gateway started memory has nothing, so what is shown are buckets.
  await page.getByText('Each point stands for 10 sec').waitFor();
  await page.getByLabel('Time shown').selectOption({ label: 'The last 15 min' });

  // The address alone brings it back.
  const { page: shared, faults: sharedFaults } = await openPage(t, page.url());
  await shared.getByRole('list', { name: 'Chosen' }).getByText('lab/b · temperature').waitFor();
  assert.equal(await shared.getByLabel('Time shown').inputValue(), '900000');

  const span = `from=${from}&to=${new Date().toISOString()}`;
  await shared.goto(page.url().replace(/w=900/, span));
  await shared.getByText('Each point stands for 10 sec').waitFor();
  const [head, ...rows] = await saved(shared, 'Save lab/a as CSV');
  assert.equal(head, 'field,tags,unit,time,value');
  assert.deepEqual(
    rows.map((row) => Number(row.split(',')[4])),
    lines.map((line) => JSON.parse(line).temperature),
  );
  const ndjson = await saved(shared, 'Save lab/b as NDJSON');
  assert.equal(ndjson.length, count);
  assert.ok(ndjson.every((line) => JSON.parse(line).field === 'temperature'));
  const shown = await saved(shared, 'Save What is shown as CSV');
  // Those are buckets, which hold all of it.
  const columns = shown.map((row) => row.split(','));
  assert.deepEqual(columns[0], ['device', 'field', 'tags', 'unit', 'time', 'value', 'min', 'avg', 'max']);
  for (const device of ['lab/a', 'lab/b']) {
    const own = columns.filter(([name]) => name === device);
    assert.equal(Math.min(...own.map((row) => Number(row[6]))), 0);
    assert.equal(Math.max(...own.map((row) => Number(row[8]))), (count - 1) / 8);
  }

  // A window of long ago: nothing was measured, and nothing is kept from so early.
  await shared.goto(page.url().replace(/w=900/, 'from=2001-01-01T00:00:00Z&to=2001-02-01T00:00:00Z'));
  await shared.getByText('Nothing is kept from before').waitFor();
  await shared.getByText('Nothing was measured in this time.').waitFor();
  assert.deepEqual([...faults, ...sharedFaults], []);
});
