import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

test('the log is followed as it is written', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/logs`);
  const log = page.getByRole('region', { name: 'Log' });
  await log.locator('li', { hasText: 'readyMs' }).first().waitFor();
  await page.getByLabel('From level').selectOption('debug');
  await log.locator('li', { hasText: 'readyMs' }).first().waitFor();
  // Something that is written while somebody looks.
  const clock = log.locator('li').filter({ has: page.locator('.part', { hasText: 'clock' }) });
  const before = await clock.count();
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/clock`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ now: '2027-01-01T00:00:00Z' }),
  });
  assert.equal(answer.status, 200);
  await clock.nth(before).waitFor();
  await page.getByLabel('Part').selectOption('clock');
  await page.getByLabel('Search').fill('nothing like it');
  await page.getByText('0 lines').waitFor();
  assert.deepEqual(faults, []);
});
