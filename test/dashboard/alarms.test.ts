import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

after(closeBrowser);

function publish(gateway: HeadgateProcess, topic: string, payload: string): void {
  execFileSync('mosquitto_pub', ['-p', String(gateway.port('mqtt')), '-q', '1', '-t', topic, '-m', payload]);
}
const pageOf = (gateway: HeadgateProcess): string => `http://127.0.0.1:${gateway.port('http')}/#/alarms`;

interface Rule {
  readonly enabled: boolean;
  readonly severity: string;
  readonly value: number;
  readonly hysteresis: number;
}

async function rulesOf(gateway: HeadgateProcess): Promise<readonly Rule[]> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port('http')}/api/v1/alarms/rules`);
  return ((await answer.json()) as { rules: readonly Rule[] }).rules;
}

test('a rule made here raises an alarm here, which is acknowledged, ends, and is remembered over a kill', async (t) => {
  const dataDir = tempDir(t);
  let gateway = await startGateway(t, { dataDir });
  publish(gateway, 'cold/room', '{"temperature":4,"door":"<b>shut</b>"}');
  const { page, faults } = await openPage(t, pageOf(gateway));
  await page.getByText('No alarms').waitFor();
  await page.getByRole('button', { name: 'Add a threshold' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Device').fill('cold/room');
  // What is known of the device helps: its fields, and what they are now.
  await form.getByLabel('Field').fill('temperature');
  await form.getByText('Now 4').waitFor();
  await form.getByLabel('Limit').fill('8');
  await form.getByLabel('Hysteresis').fill('1');
  await form.getByLabel('Severity').selectOption('critical');
  await form.getByLabel('Name').fill('Too <i>warm</i>');
  await form.getByRole('button', { name: 'Save' }).click();
  const rules = page.getByRole('region', { name: 'Thresholds' });
  await rules.getByText('temperature above 8').waitFor();

  // Switched off, nothing is raised; deleted, it comes back whole.
  // What it shows is what the gateway says, so that it may change back until that has answered: `uncheck` would take offence.
  await rules.getByRole('switch', { name: 'Too <i>warm</i>' }).click();
  await eventually('off', async () => (await rulesOf(gateway))[0]?.enabled === false);
  publish(gateway, 'cold/room', '{"temperature":20}');
  await rules.getByRole('button', { name: 'Delete Too <i>warm</i>' }).click();
  await rules.getByText('No thresholds').waitFor();
  assert.deepEqual(await rulesOf(gateway), []);
  await page.getByRole('button', { name: 'Undo' }).click();
  await rules.getByRole('switch', { name: 'Too <i>warm</i>' }).click();
  await eventually('on', async () => (await rulesOf(gateway))[0]?.enabled === true);
  const { severity, value, hysteresis } = (await rulesOf(gateway))[0]!;
  assert.deepEqual([severity, value, hysteresis], ['critical', 8, 1]);
  await page.getByText('No alarms').waitFor();

  // It comes as it happens: what asks again now and then is kept from it.
  const asking = '**/api/v1/alarms?state=open*';
  await page.route(asking, (route) => route.abort());
  publish(gateway, 'cold/room', '{"temperature":9.5}');
  const now = page.getByRole('region', { name: 'Now' });
  await now.locator('strong').getByText('Too <i>warm</i>').waitFor();
  await now.getByText('Active', { exact: true }).waitFor();
  await page.unroute(asking);
  await page.getByRole('navigation').getByRole('link', { name: 'Alarms' }).getByText('1 active').waitFor();
  await now.getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByRole('dialog').getByLabel('Note').fill('The door was open.');
  await page.getByRole('button', { name: 'I know' }).click();
  await now.getByText('The door was open.').waitFor();
  await now.getByText('Acknowledged', { exact: true }).waitFor();
  // Within the hysteresis it is not over; then it is, where it stands.
  publish(gateway, 'cold/room', '{"temperature":7.5}');
  publish(gateway, 'cold/room', '{"temperature":6}');
  await now.getByText('Over', { exact: true }).waitFor();
  const history = page.getByRole('region', { name: 'History' });
  await history.getByRole('button', { name: '1 more is over' }).click();
  await history.getByText('The door was open.').waitFor();

  // The page stays, and goes on by itself; what it knew is not told twice.
  publish(gateway, 'cold/room', '{"temperature":10}');
  await now.getByText('temperature of cold/room is 10: above 8.').waitFor();
  await gateway.kill();
  await page.getByRole('banner').getByText('Reconnecting').waitFor();
  gateway = await startGateway(t, { dataDir, set: { 'http.port': gateway.port('http') } });
  await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
  publish(gateway, 'cold/room', '{"temperature":6}');
  await eventually('over', async () => (await now.getByText('Over', { exact: true }).count()) === 2);
  publish(gateway, 'cold/room', '{"temperature":11}');
  await now.getByText('temperature of cold/room is 11: above 8.').waitFor();
  assert.equal(await now.getByRole('listitem').count(), 3);
  assert.deepEqual(faults, []);

  const { page: later, faults: laterFaults } = await openPage(t, pageOf(gateway));
  const kept = later.getByRole('region', { name: 'History' });
  await kept.getByText('The door was open.').waitFor();
  assert.equal(await kept.locator('strong').getByText('Too <i>warm</i>').count(), 2);
  assert.deepEqual(laterFaults, []);
});

const person = { name: 'Reader', password: 'correct horse battery' };

test('who may not change anything is offered nothing, and is told of alarms where the browser was asked to', async (t) => {
  // Nobody listens there.
  const set = { 'alarms.webhook.url': 'http://127.0.0.1:9/' };
  const gateway = await startGateway(t, { dataDir: tempDir(t), set });
  const url = `http://127.0.0.1:${gateway.port('http')}/`;
  const post = async (path: string, body: object, who: Record<string, string> = {}): Promise<Response> => {
    const headers = { 'content-type': 'application/json', ...who };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, path);
    return answer;
  };
  await post('api/v1/alarms/rules', { name: 'Open', field: 'door', comparator: 'equal', value: true });
  const made = await post('api/v1/setup', { name: 'Admin', password: 'another horse battery' });
  const cookie = made.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const { csrfToken } = (await made.json()) as { csrfToken: string };
  await post('api/v1/users', { ...person, scopes: ['read'] }, { cookie, 'x-csrf-token': csrfToken });
  publish(gateway, 'yard', '{"door":true}');
  const { page, faults } = await openPage(t, url);
  await page.context().grantPermissions(['notifications']);
  // What the page shows is the browser's; what it asked for is kept here.
  await page.addInitScript(`
    window.told = [];
    window.Notification = class extends Notification {
      constructor(title, options) { super(title, options); window.told.push([title, options.body, options.silent]); }
    };
    let hidden = false;
    Object.defineProperty(Document.prototype, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') });
    window.hide = (is) => { hidden = is; document.dispatchEvent(new Event('visibilitychange')); };
  `);
  await page.goto(pageOf(gateway));
  await page.reload();
  await page.getByLabel('Name').fill(person.name);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  const now = page.getByRole('region', { name: 'Now' });
  await now.getByText('Active', { exact: true }).waitFor();
  await page.getByText('door equal to true').waitFor();
  await page.getByRole('region', { name: 'Webhook' }).getByText('Does not answer').waitFor();
  const buttons = await page.locator('main button').allTextContents();
  assert.deepEqual(buttons, ['Notify me in this browser']);

  await page.getByRole('button', { name: 'Notify me in this browser' }).click();
  await page.getByRole('button', { name: 'Notify me in this browser', pressed: true }).waitFor();
  const told = () => page.evaluate('window.told') as Promise<unknown[]>;
  assert.deepEqual(await told(), []);
  // Nobody looks, on another page, after the browser was opened anew.
  await page.goto(`${url}#/logs`);
  await page.reload();
  await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
  await page.evaluate('window.hide(true)');
  publish(gateway, 'gate', '{"door":true}');
  await eventually('told', async () => (await told()).length === 1);
  assert.deepEqual(await told(), [['Alarm: Open', 'door of gate is true: equal to true.', true]]);
  await page.evaluate('window.hide(false)');
  await page.goto(pageOf(gateway));
  await now.getByText('door of gate is true').waitFor();
  assert.deepEqual(faults, []);
});
