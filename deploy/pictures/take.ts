import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { aRaucMachine } from '../../test/appliance/rauc-machine.ts';
import { closeBrowser, openPage } from '../../test/support/browser.ts';
import { startGateway } from '../../test/support/gateway.ts';
import { tempDir } from '../../test/support/temp-dir.ts';

// Takes the pictures of deploy/README.md anew, from a gateway that is set up as it says: node deploy/pictures/take.ts

// Of what the sources are now; a moment when it is there already.
const built = spawnSync(process.execPath, [join(import.meta.dirname, '../build-dashboard.ts')], { stdio: 'inherit' });
if (built.status !== 0) process.exit(1);

after(closeBrowser);

const size = { width: 1120, height: 700 };

/** Saves what the page shows as WebP, which the browser itself makes of its picture. */
async function take(page: Page, name: string): Promise<void> {
  await page.evaluate('document.fonts.ready');
  const png = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  const workshop = await page.context().newPage();
  const webp = await workshop.evaluate<string>(
    `fetch('data:image/png;base64,${png.toString('base64')}').then((answer) => answer.blob()).then(createImageBitmap).then((picture) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
      canvas.getContext('2d').drawImage(picture, 0, 0);
      return canvas.toDataURL('image/webp', 0.85).split(',')[1];
    })`,
  );
  await workshop.close();
  const file = join(import.meta.dirname, `${name}.webp`);
  const bytes = Buffer.from(webp, 'base64');
  writeFileSync(file, bytes);
  // To look at where WebP can't be.
  if (process.env.PICTURES_PNG !== undefined) writeFileSync(join(process.env.PICTURES_PNG, `${name}.png`), png);
  process.stdout.write(`${file}: ${(bytes.length / 1000).toFixed(1)} kB\n`);
}

/** A day in a kitchen, a message every five minutes, as a Tasmota sensor reports it with its own clock. */
function publishDay(port: number): void {
  const now = Date.now();
  const lines: string[] = [];
  for (let minutes = 24 * 60; minutes >= 0; minutes -= 5) {
    const time = new Date(now - minutes * 60_000);
    const hour = time.getHours() + time.getMinutes() / 60;
    const cooking = Math.exp(-((hour - 12.5) ** 2) / 0.6) * 3 + Math.exp(-((hour - 19) ** 2) / 0.8) * 4;
    const temperature = 20 + 1.2 * Math.sin(((hour - 9) / 24) * 2 * Math.PI) + cooking;
    const humidity = 46 + cooking * 4 + Math.sin(hour * 2.1);
    const sensor = { Temperature: Number(temperature.toFixed(1)), Humidity: Number(humidity.toFixed(1)) };
    lines.push(JSON.stringify({ Time: time.toISOString(), AM2301: sensor, TempUnit: 'C' }));
  }
  const args = ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-t', 'tele/kitchen/SENSOR', '-l'];
  const { status, stderr } = spawnSync('mosquitto_pub', args, { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

test('the pictures of deploy/README.md', { timeout: 300_000 }, async (t) => {
  // The usual port, as the line to copy has it.
  const set = { 'http.host': '0.0.0.0', 'mqtt.host': '0.0.0.0', 'mqtt.port': 1883 };
  const gateway = await startGateway(t, { dataDir: join(tempDir(t), 'data'), set });
  const { page } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/`, size);
  await page.getByRole('link', { name: 'Go on with it' }).click();
  await page.getByRole('heading', { name: 'Administrator' }).waitFor();
  await page.getByLabel('Password', { exact: true }).fill('a long sentence about barns');
  await take(page, 'first-run');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Name and time' }).waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Barn');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('button', { name: 'Make its password' }).click();
  await page.getByText('The password is shown this once').waitFor();
  const line = (await page.locator('.copy pre').textContent()) ?? '';
  const published = spawnSync('sh', ['-c', line], { encoding: 'utf8', timeout: 10_000 });
  if (published.status !== 0) throw new Error(published.stderr);
  await page.getByText(/Received sensors\/sensor-1\/temperature/).waitFor();
  await take(page, 'first-sensor');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'To the overview' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  publishDay(gateway.port('mqtt'));
  await page.waitForTimeout(4000);
  await take(page, 'overview');
  await page.goto(`http://127.0.0.1:${gateway.port('http')}/#/devices`);
  await page
    .getByRole('link', { name: /kitchen/ })
    .first()
    .click();
  await page.locator('.uplot canvas').first().waitFor();
  await page.getByLabel('Time shown').first().selectOption(String(86_400_000));
  await page.waitForTimeout(1500);
  await take(page, 'device');
});

test('the picture of an update', { timeout: 120_000 }, async (t) => {
  const machine = aRaucMachine(t);
  await machine.startService();
  const gateway = await startGateway(t, {
    dataDir: join(tempDir(t), 'data'),
    env: { HEADGATE_MACHINE: machine.root },
  });
  const { page } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/settings`, size);
  await page.getByRole('link', { name: 'Updates & restart' }).click();
  await page.getByLabel('Update bundle').setInputFiles(machine.bundle('headgate-0.2.0-arm64', { version: '0.2.0' }));
  await page.getByRole('button', { name: 'Install' }).click();
  await page.getByText('Version 0.2.0 is installed').waitFor();
  await take(page, 'update');
});
