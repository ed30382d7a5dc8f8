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

test('values and times are shown as this browser wants them', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const url = `http://127.0.0.1:${gateway.port('http')}/`;
  const api = async (path: string, method: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}api/v1/${path}`, { method, headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, await answer.text());
  };
  await api('gateway', 'PATCH', { timeZone: 'Asia/Tokyo', units: 'imperial' });
  const fields = { temperature: { value: 21.5, unit: 'Cel' } };
  await api('measurements', 'POST', { device: 'barn', fields });
  const { page, faults } = await openPage(t, `${url}#/devices`);
  await page.getByText('70.7 °F').waitFor();
  await page.goto(`${url}#/settings/you`);
  await page.getByLabel('Units').selectOption('metric');
  await page.getByLabel('Times').selectOption('gateway');
  await page.goto(`${url}#/uplink`);
  const uplink = (await (await fetch(`${url}api/v1/uplink`)).json()) as { readonly since: string };
  const forms = { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'Asia/Tokyo' } as const;
  await page.getByText(new Intl.DateTimeFormat('en', forms).format(Date.parse(uplink.since))).waitFor();
  await page.goto(`${url}#/devices`);
  await page.getByText('21.5 °C').waitFor();
  assert.deepEqual(faults, []);
});

test('a page that was opened before an update loads itself anew when a part of it is gone', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const { page } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/`);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  // As if that file had another name now, until the page itself is asked for again.
  let isOld = true;
  await page.route('**/ui/logs-*.js', (route) => (isOld ? route.fulfill({ status: 404 }) : route.continue()));
  page.on('request', (request) => {
    if (request.isNavigationRequest()) isOld = false;
  });
  await page.getByRole('link', { name: 'Logs' }).click();
  await page.getByRole('heading', { name: 'Logs' }).waitFor();
  assert.equal(isOld, false);
});
