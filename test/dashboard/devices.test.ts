import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

after(closeBrowser);

function publish(gateway: HeadgateProcess, topic: string, payload: string): void {
  execFileSync('mosquitto_pub', ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', topic, '-m', payload]);
}

const namesIn = (page: Page) => page.locator('tbody th a').allTextContents();

test('devices are listed with what they say, and nothing jumps when others come', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  publish(gateway, 'site/b/climate', '{"temperature":21.5,"humidity":40}');
  publish(gateway, 'site/<b>d</b>', '{"rssi":-60}');
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/devices`);
  const row = page.getByRole('row').filter({ hasText: 'site/b/climate' });
  await row.getByText('temperature 21.5').waitFor();
  await row.getByText('Online').waitFor();
  // A row is changed in place.
  publish(gateway, 'site/b/climate', '{"temperature":22.5}');
  await row.getByText('temperature 22.5').waitFor();
  // One that comes is offered, not inserted.
  publish(gateway, 'site/a/climate', '{"temperature":1}');
  const news = page.getByRole('button', { name: '1 new' });
  await news.waitFor();
  assert.deepEqual(await namesIn(page), ['site/<b>d</b>', 'site/b/climate']);
  await news.click();
  assert.deepEqual(await namesIn(page), ['site/<b>d</b>', 'site/a/climate', 'site/b/climate']);
  await page.getByLabel('Search').fill('CLIMATE');
  await eventually('chosen', async () => (await namesIn(page)).length === 2);
  await page.getByLabel('Search').fill('nothing like it');
  await page.getByRole('button', { name: 'Show all' }).click();
  await eventually('all', async () => (await namesIn(page)).length === 3);
  assert.deepEqual(faults, []);
});

test('of a thousand devices only the rows that are near what is seen are there', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const items = Array.from({ length: 500 }, (_, n) => ({
    topic: `many/${String(n).padStart(4, '0')}`,
    payload: { v: n },
  }));
  const body = JSON.stringify(items);
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/measurements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  assert.ok(answer.ok);
  const { page, faults } = await openPage(t, `http://127.0.0.1:${gateway.port('http')}/#/devices`, { height: 700 });
  await page.getByText('500 devices').waitFor();
  assert.ok((await page.locator('tbody th a').count()) < 60);
  await page.evaluate('scrollTo(0, document.body.scrollHeight)');
  await page.getByRole('link', { name: 'many/0499' }).waitFor();
  assert.ok((await page.locator('tbody th a').count()) < 60);
  assert.deepEqual(faults, []);
});
