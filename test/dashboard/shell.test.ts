import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

test('the dashboard opens, follows what happens, and speaks as it is told', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/`);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.getByText('All good.').waitFor();
  await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'You and this browser' }).click();
  await page.getByLabel('Language').selectOption('en-XA');
  await page.getByRole('button', { name: '[Ćłóšé' }).click();
  await page.getByRole('heading', { name: '[Óṽéŕṽíéŵ' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en-XA');
  assert.deepEqual(faults, []);
});

test('everything is reached by keys', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/`);
  const { keyboard } = page;
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await keyboard.press('g');
  await keyboard.press('b');
  await page.getByRole('heading', { name: 'Buffer & Uplink' }).waitFor();
  await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
  await keyboard.press('Space');
  await page.getByRole('button', { name: 'Paused' }).waitFor();
  await keyboard.press('Space');
  await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
  await keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.getByLabel('Single keys do something').uncheck();
  await keyboard.press('Escape');
  await keyboard.press('g');
  await keyboard.press('l');
  await page.getByRole('heading', { name: 'Buffer & Uplink' }).waitFor();
  // The first thing that Tab reaches leads past the rail.
  await page.evaluate('document.activeElement.blur()');
  await keyboard.press('Tab');
  await page.getByRole('button', { name: 'To the content' }).press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  assert.deepEqual(faults, []);
});
