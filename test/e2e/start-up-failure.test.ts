import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { StayingGateway } from '../support/failure-page.ts';
import { statusOf } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const right = ['mqtt: { port: 0 }'];
const wrong = ['mqtt: { port: 0, hots: 127.0.0.1, very-long-name-of-a-key-that-no-phone-has-the-width-for-at-all: 1 }'];

test('in a browser: what failed, readable on a phone; safe mode; and the gateway once the file is right', async (t) => {
  const dataDir = join(tempDir(t), 'data');
  const first = await StayingGateway.spawn(t, right, { dataDir });
  await first.process.ready();
  await first.process.stop();
  const gateway = await StayingGateway.spawn(t, wrong, { dataDir });
  await gateway.page();
  const browser = await chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  t.after(() => browser.close());
  const url = `http://127.0.0.1:${gateway.httpPort}/devices/anything`;
  const colours: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({
      colorScheme,
      viewport: { width: 360, height: 740 },
      javaScriptEnabled: false,
    });
    const answer = await page.goto(url);
    assert.equal(answer?.status(), 503);
    assert.match(await page.locator('[role=alert]').innerText(), /There is no key mqtt\.hots/);
    assert.equal(await page.locator('h1').innerText(), 'Headgate could not start');
    for (const button of await page.locator('button, .button').all())
      assert.ok(((await button.boundingBox())?.height ?? 0) >= 44, 'large enough for a finger');
    const { scrollWidth, background } = (await browserSays(page)) as { scrollWidth: number; background: string };
    assert.ok(scrollWidth <= 360, `${scrollWidth} px wide`);
    colours.push(background);
    await page.close();
  }
  assert.notEqual(colours[0], colours[1]);
  const page = await browser.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(url);
  const download = page.waitForEvent('download');
  await page.getByText('Download a support bundle').click();
  assert.equal((await download).suggestedFilename(), 'headgate-support.json.gz');
  await page.getByRole('button', { name: 'Start in safe mode' }).click();
  await page.waitForURL(`http://127.0.0.1:${gateway.httpPort}/`);
  // What is there in its place is the gateway's own page.
  await page.getByText('Headgate could not start').waitFor({ state: 'detached', timeout: 20_000 });
  await gateway.process.ready();
  assert.match((await statusOf(gateway.process)).health.summary, /^Safe mode: /);
  await gateway.process.stop();
  // Nothing that the page's own policy forbids.
  assert.deepEqual(
    said.filter((one) => one.includes('Content Security Policy')),
    [],
  );

  // Left open, the page goes over to the gateway by itself.
  const again = await StayingGateway.spawn(t, wrong, { dataDir });
  await again.page();
  await page.goto(`http://127.0.0.1:${again.httpPort}/`);
  again.write(right);
  await page.getByText('Headgate could not start').waitFor({ state: 'detached', timeout: 20_000 });
  await again.process.ready();
});

/** Without scripts of the page, the test's own still run. */
async function browserSays(page: { evaluate(text: string): Promise<unknown> }): Promise<unknown> {
  return await page.evaluate(`({
    scrollWidth: document.documentElement.scrollWidth,
    background: getComputedStyle(document.querySelector('pre mark')).color,
  })`);
}
