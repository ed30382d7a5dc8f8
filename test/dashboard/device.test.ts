import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { freePort } from '../support/tcp-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

after(closeBrowser);

function publish(gateway: HeadgateProcess, topic: string, payload: string): void {
  execFileSync('mosquitto_pub', ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', topic, '-m', payload]);
}

async function post(gateway: HeadgateProcess, body: unknown): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/measurements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, await answer.text());
}

const address = (gateway: HeadgateProcess, id: string): string =>
  `http://127.0.0.1:${gateway.port('http')}/#/device/${encodeURIComponent(id)}`;

test('a device is shown live, renamed, and watched over', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const id = 'site/<i>a</i>';
  publish(gateway, id, '{"temperature":21.5,"door":true,"mode":"heat"}');
  const { page, faults } = await openPage(t, address(gateway, id));
  await page.getByRole('heading', { name: id }).waitFor();
  const chart = page.getByRole('figure', { name: 'temperature' });
  await chart.locator('output').getByText('21.5').waitFor();
  await chart.locator('canvas').waitFor();
  // What comes is in the list, in the chart, and in its table.
  publish(gateway, id, '{"temperature":24.25,"door":false,"mode":"cool"}');
  await chart.locator('output').getByText('24.25').waitFor();
  await page.getByRole('row', { name: 'temperature' }).getByText('24.25').waitFor();
  await chart.getByRole('button', { name: 'Table' }).click();
  await chart.getByRole('cell', { name: '24.25' }).first().waitFor();
  // States go beside numbers, up to four.
  await page.getByRole('checkbox', { name: 'door' }).check();
  await page.getByRole('checkbox', { name: 'mode' }).check();
  const three = page.getByRole('figure', { name: 'temperature, door, mode' });
  await three.locator('output').getByText('cool').waitFor();
  // By keyboard, from point to point.
  await three.getByRole('application').focus();
  await page.keyboard.press('End');
  await three
    .getByRole('status')
    .getByText(/temperature 2\d/)
    .waitFor();
  await page.keyboard.press('+');
  await three.getByRole('button', { name: 'Live' }).waitFor();
  await page.keyboard.press('Escape');
  await three.getByRole('button', { name: 'Live' }).waitFor({ state: 'detached' });

  // By mouse: what is dragged over is looked at, and it follows again when it is told to.
  const place = await three.locator('.u-over').boundingBox();
  assert.ok(place !== null);
  await page.mouse.move(place.x + 60, place.y + 20);
  await page.mouse.down();
  await page.mouse.move(place.x + 160, place.y + 20, { steps: 4 });
  await page.mouse.up();
  await three.getByRole('button', { name: 'Live' }).click();
  await three.getByRole('button', { name: 'Live' }).waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Kitchen');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'Kitchen' }).waitFor();

  await page.getByRole('button', { name: 'Add a threshold' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Limit').fill('30');
  await form.getByLabel('Hysteresis').fill('1');
  await form.getByLabel('Name').fill('Too warm');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('temperature above 30').waitFor();
  publish(gateway, id, '{"temperature":31}');
  await page.locator('main .notice').getByText('Too warm').waitFor();

  await page.getByRole('button', { name: 'Stop forwarding' }).click();
  await page.getByText('Stays here').waitFor();
  await page.getByRole('button', { name: 'Forward again' }).click();
  await page.getByText('Forwarded').waitFor();

  // As it comes: what is no text too.
  const held = Promise.withResolvers<void>();
  await page.route('**/messages', async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.getByRole('button', { name: 'Look' }).click();
  const isPromised = page.getByText('The next one is shown here.');
  // Not promised before the gateway keeps them.
  await page.getByText('Asking the gateway …').waitFor();
  assert.equal(await isPromised.count(), 0);
  held.resolve();
  await isPromised.waitFor();
  publish(gateway, id, '{"temperature": 22}');
  const messages = page.getByRole('region', { name: 'Messages as they come' });
  await messages.getByText('{"temperature": 22}', { exact: true }).waitFor();
  await messages.getByText('QoS 1').waitFor();
  await messages.getByRole('button', { name: 'Hex' }).click();
  await messages.getByText('7b 22 74 65').waitFor();

  await page.getByRole('button', { name: 'Forget' }).click();
  const forget = page.getByRole('dialog').getByRole('button', { name: 'Forget' });
  assert.ok(await forget.isDisabled());
  await page.getByRole('dialog').getByRole('textbox').fill('Kitchen');
  await forget.click();
  await page.getByRole('heading', { name: 'Devices' }).waitFor();
  assert.deepEqual(faults, []);
});

test('the time in which the gateway was gone is a gap in the chart', async (t) => {
  const dataDir = tempDir(t);
  const set = { 'http.port': await freePort() };
  const first = await startGateway(t, { dataDir, set });
  const nowMs = Date.now();
  const points = Array.from({ length: 8 }, (_, n) => ({
    device: 'site/b',
    time: new Date(nowMs - 240_000 + n * 10_000).toISOString(),
    fields: { level: 5 },
  }));
  await post(first, points);
  const { page, faults } = await openPage(t, address(first, 'site/b'));
  await page.getByLabel('Time shown').selectOption('300000');
  await eventually('a line', async () => (await runsIn(page)).length === 1);
  await first.kill();
  await page.getByText('Reconnecting').waitFor();
  const second = await startGateway(t, { dataDir, set });
  for (let n = 0; n < 3; n++) {
    await post(second, [
      { device: 'site/b', time: new Date(Date.now() - 30_000 + n * 10_000).toISOString(), fields: { level: 5 } },
    ]);
  }
  await eventually('two lines with nothing between', async () => (await runsIn(page)).length === 2);
  assert.deepEqual(faults, []);
});

/** Where the chart has its first line: `[from, to]` in pixels, each as long as there is no gap of three. */
function runsIn(page: Page): Promise<readonly (readonly [number, number])[]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('.chart canvas');
    if (canvas === null) return [];
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const runs = [];
    for (let x = 0; x < width; x++) {
      let isLine = false;
      for (let y = 0; y < height && !isLine; y++) {
        const at = (y * width + x) * 4;
        // The first colour of the light theme.
        isLine = data[at] < 60 && Math.abs(data[at + 1] - 105) < 40 && Math.abs(data[at + 2] - 117) < 40 && data[at + 3] > 150;
      }
      if (!isLine) continue;
      const last = runs.at(-1);
      if (last !== undefined && x - last[1] <= 3) last[1] = x;
      else runs.push([x, x]);
    }
    return runs;
  })()`);
}
