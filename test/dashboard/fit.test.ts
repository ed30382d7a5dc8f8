import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { accented } from '../../src/dashboard/i18n/accented.ts';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

// The dashboard in accented English, a third longer than English: what has no accents was not given to translators, and what does not
// fit would not fit in German either.

after(closeBrowser);

/** Every page, and something that is there once it is drawn. */
const places = [
  ['overview', 'site/room · temperature'],
  ['devices', 'site/room'],
  ['device/site%2Froom', 'temperature'],
  ['discover', 'site/room'],
  ['discover/serial', '['],
  ['discover/profile', accented('Make a profile')],
  ['discover/serial', accented('Another port')],
  ['uplink', 'default-qos0'],
  ['alarms', 'Too warm'],
  ['explore', 'temperature'],
  ['logs', 'Connected to the collector.'],
  ['first-run', accented('Administrator')],
  ['settings/you', accented('Language')],
  ['settings/gateway', accented('Save')],
  ['settings/configuration', 'MQTT'],
  ['settings/rules', 'default-qos0'],
  ['settings/uplink', accented('Test the connection')],
  ['settings/people', accented('Add a person')],
  ['settings/tokens', accented('Make a token')],
  ['settings/credentials', accented('Make credentials')],
  ['settings/certificates', accented('Certificates')],
  ['settings/backup', accented('Download a backup')],
  ['settings/audit', accented('Outcome')],
  ['settings/about', 'Apache-2.0'],
] as const;
/** Those whose every text is looked at. */
const isRead = (place: string): boolean => /^(?:overview|devices|discover|uplink|alarms|logs)$/.test(place);

/** What is data: told by the gateway, its devices and whoever named them, or written by the browser's own rules for numbers and times. */
const data: readonly RegExp[] = [
  /^(?:· )?Headgate$/,
  // The gateway's id and version.
  /^hg-[\da-f]+(?: · [\w.-]+)?$/,
  // Numbers, sizes, shares and measured values.
  /^[^a-z]*[\d.,]+ ?(?:[kMGT]?B|W|lqi)?[^a-z]*$/i,
  // Times, ages and how long things take.
  /^\d+:\d\d:\d\d [AP]M$/,
  /^[A-Z][a-z]{2} \d+, \d{4}, [\d:]+ [AP]M$/,
  /^(?:\d+ (?:sec|min|hr|days?)\.? ?)+(?:ago)?$/,
  // Names of devices, fields, profiles, sources and rules.
  /^(?:site\/room|tasmota:desk)/,
  /^(?:temperature|door|ENERGY\.Power|Wifi\.RSSI)$/,
  /^(?:tasmota\/tasmota|mqtt|default|default-qos0|reports|Too warm)$/,
  // Levels and parts of the log, as the configuration and the log have them.
  /^(?:trace|debug|info|warn|error|fatal)$/,
  /^(?:alarms|auth|buffer|clock|collector|main|registry|uplink)$/,
];

/** In the page: its visible texts and the names of its controls, without what is marked as data or as the gateway's own English. */
const readTexts = `(() => {
  const isData = (element) => element.closest('code, pre, kbd, .mono, bdi, script, noscript, style, [dir="auto"], [lang]:not(html)') !== null;
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent.trim();
    if (text !== '' && !isData(node.parentElement)) texts.push(text);
  }
  for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
    if (isData(element)) continue;
    for (const name of ['aria-label', 'placeholder', 'title']) texts.push(element.getAttribute(name) ?? '');
  }
  return [document.title, ...texts];
})()`;

/** In the page: the texts that are larger than where they are. */
const readCut = `[...document.querySelectorAll('body *')].filter((element) => {
  const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim().startsWith('['));
  const isShown = element.checkVisibility() && element.closest('.visually-hidden, .skip, thead') === null;
  return isText && isShown && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
}).map((element) => element.textContent.trim())`;

async function drawn(page: Page, text: string): Promise<void> {
  await page.locator('main').getByText(text).filter({ visible: true }).first().waitFor();
  await eventually('all of it', async () => (await page.locator('.loading').count()) === 0, { timeoutMs: 15_000 });
}

test('every text goes through translation, and fits a phone when it is a third longer', {
  timeout: 120_000,
}, async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const publish = (topic: string, payload: string): unknown =>
    execFileSync('mosquitto_pub', ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', topic, '-m', payload]);
  publish('tele/desk/SENSOR', '{"Time":"2026-11-25T12:00:00","ENERGY":{"Power":42}}');
  publish('tele/desk/STATE', '{"Time":"2026-11-25T12:00:00","Wifi":{"RSSI":60}}');
  const url = `http://127.0.0.1:${gateway.port('http')}/`;
  const answer = await fetch(`${url}api/v1/alarms/rules`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Too warm', field: 'temperature', comparator: 'above', value: 22, forSeconds: 0 }),
  });
  assert.ok(answer.ok, await answer.text());
  publish('site/room', '{"temperature":27.5,"door":true}');
  const { page, faults } = await openPage(t, url, { width: 360, height: 740, locale: 'en-XA' });
  const wrong: string[] = [];
  const read = async (place: string): Promise<void> => {
    for (const one of (await page.evaluate(readTexts)) as string[]) {
      // A text of the catalogue is in brackets; one made of several has each of its parts so.
      const rest = one.replace(/\[[^\]]*·\]/g, '').trim();
      if (/[a-z]/i.test(rest) && !data.some((known) => known.test(rest)))
        wrong.push(`${place}: not translated: ${one}`);
    }
  };
  for (const [place, text] of places) {
    await page.goto(`${url}#/${place}`);
    await drawn(page, text);
    const sideways = (await page.evaluate('document.documentElement.scrollWidth - innerWidth')) as number;
    if (sideways > 0) wrong.push(`${place}: scrolls ${sideways} px sideways`);
    for (const cut of (await page.evaluate(readCut)) as string[]) wrong.push(`${place}: cut: ${cut}`);
    if (isRead(place)) await read(place);
  }
  await page.goto(`${url}#/overview`);
  await page.getByRole('button', { name: accented('You and this browser') }).click();
  await page.getByLabel(accented('Appearance')).waitFor();
  await read('the menu');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByText(accented('Next row, last row')).waitFor();
  await read('the keys');
  assert.deepEqual(wrong, []);
  assert.deepEqual(faults, []);
});
