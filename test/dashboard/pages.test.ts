import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

after(closeBrowser);

/** Pictures of every page, for people to look at; git ignores them, CI keeps them. */
const pictures = join(import.meta.dirname, '../artifacts/dashboard');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Read, not loaded: it leads to components, which are not for Node. */
const pages = readFileSync(join(import.meta.dirname, '../../src/dashboard/pages.ts'), 'utf8');
const names = [...pages.matchAll(/name: '([\w-]+)'/g)].map(([, name]) => name ?? '');

/** Every page, and what is there once it is drawn. */
const places: readonly (readonly [name: string, hash: string, drawn: string])[] = [
  ['overview', '', 'The last'],
  ['devices', 'devices', 'site/room1'],
  ['device', 'device/site%2Froom1', 'temperature'],
  ['discover', 'discover', 'site/'],
  ['serial', 'discover/serial', 'Another port'],
  ['profile', 'discover/profile?template=site%2Froom1', 'A profile from a message'],
  ['uplink', 'uplink', 'What became of every record'],
  ['alarms', 'alarms', 'Alarms'],
  ['explore', 'explore', 'Explore'],
  ['logs', 'logs', 'Connected to the collector.'],
  ['settings', 'settings', 'This gateway is found at'],
  ['configuration', 'settings/configuration', 'In names and descriptions'],
  ['rules', 'settings/rules', 'always there'],
  ['tokens', 'settings/tokens', 'Make a token'],
  ['first-run', 'first-run', 'Administrator'],
];

function publish(gateway: HeadgateProcess, topic: string, payload: object): void {
  const port = String(gateway.port('mqtt'));
  execFileSync('mosquitto_pub', ['-p', port, '-q', '1', '-t', topic, '-m', JSON.stringify(payload)]);
}

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What somebody who can't see, or not well, would stumble over: serious or worse. */
async function findings(page: Page): Promise<string[]> {
  // By the debugger, as the page's own policy lets no script in.
  await page.evaluate(axe);
  const found = (await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )) as Finding[];
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`),
    );
}

test('every page in both themes: nothing that keeps somebody out, and a picture for people', {
  timeout: 240_000,
}, async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  for (let n = 1; n <= 3; n++) {
    for (let i = 0; i < 4; i++)
      publish(gateway, `site/room${n}`, { temperature: 20 + n + i / 2, humidity: 40 + i, battery: 90 });
  }
  publish(gateway, 'tele/desk/SENSOR', { Time: '2026-11-25T12:00:00', ENERGY: { Power: 42, Total: 1.5 } });
  const url = `http://127.0.0.1:${gateway.port('http')}/`;
  const answer = await fetch(`${url}api/v1/alarms/rules`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Too warm',
      field: 'temperature',
      comparator: 'above',
      value: 22,
      severity: 'warning',
    }),
  });
  assert.ok(answer.ok, await answer.text());
  publish(gateway, 'site/room3', { temperature: 27.5 });
  mkdirSync(pictures, { recursive: true });
  const { page, faults } = await openPage(t, url);
  const wrong: string[] = [];
  const shown = new Set(places.map(([, hash]) => hash.split('/')[0] || 'overview'));
  assert.deepEqual([...shown].sort(), [...names].sort(), 'every page has a row');
  for (const [name, hash, drawn] of places) {
    await page.goto(`${url}#/${hash}`);
    await page.locator('main').getByText(drawn).filter({ visible: true }).first().waitFor();
    if (name === 'device') await page.locator('.chart canvas').waitFor();
    await eventually('all of it', async () => (await page.locator('.loading').count()) === 0, { timeoutMs: 15_000 });
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        // A frame for what follows the size.
        await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
        await page.screenshot({ path: join(pictures, `${name}-${theme}-${width}.png`), fullPage: true });
        const sideways = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number;
        if (sideways > 0) wrong.push(`${name} ${width}: ${sideways} px sideways`);
        if (width === 1280 || theme === 'light')
          wrong.push(...(await findings(page)).map((one) => `${name} ${theme} ${width}: ${one}`));
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1280, height: 800 });
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(faults, []);
});
