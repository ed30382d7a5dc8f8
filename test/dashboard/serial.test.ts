import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

after(closeBrowser);

/** What a Nova SDS011 says once a second. */
const frame = Buffer.from('aac0d4043a0aa1601dab', 'hex');

test('what is on a serial port is found out, and read from after a restart', async (t) => {
  const dataDir = tempDir(t);
  const port = await PseudoTerminal.create(t);
  const talk = setInterval(() => void port.send(frame), 100);
  t.after(() => clearInterval(talk));
  const gateway = await startGateway(t, { dataDir });
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/discover/serial`);
  await page.getByLabel('Path').fill('/dev/nothing');
  await page.getByRole('button', { name: 'Find out what is on it' }).last().click();
  await page.getByLabel('Bits a second').fill('9600');
  await page.getByRole('button', { name: 'Listen', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'There is no serial port /dev/nothing' }).waitFor();
  await page.getByLabel('Path').fill(port.path);
  await page.getByRole('button', { name: 'Find out what is on it' }).last().click();
  await page.getByRole('button', { name: 'Listen', exact: true }).click();
  const found = page.getByRole('listitem').filter({ hasText: 'nova/sds011' });
  await found.getByRole('button', { name: 'Read from it …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('dust');
  await dialog.getByText(`path: "${port.path}"`).waitFor();
  await dialog.getByRole('button', { name: 'Add it' }).click();
  await dialog.getByText('It is read from after a restart of the gateway.').waitFor();
  assert.deepEqual(faults, []);
  await gateway.stop();
  const again = await startGateway(t, { dataDir });
  const { page: later } = await openPage(t, `http://127.0.0.1:${again.port('http')}/#/discover/serial`);
  const card = later.getByRole('listitem').filter({ hasText: port.path });
  await card.getByText('Read as dust, by nova/sds011.').waitFor();
  await card.getByText('Read from').waitFor();
  await eventually('the device', async () => {
    const answer = await fetch(`http://127.0.0.1:${again.port('http')}/api/v1/devices`);
    return ((await answer.json()) as { devices: { id: string }[] }).devices.some(({ id }) => id === 'serial:dust');
  });
});
