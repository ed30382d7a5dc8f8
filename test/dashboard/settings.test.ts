import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { HeadgateProcess } from '../support/headgate-process.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

const urlOf = (gateway: HeadgateProcess, path: string) => `http://127.0.0.1:${gateway.port('http')}/${path}`;

function settings(t: TestContext, gateway: HeadgateProcess, section: string) {
  return openPage(t, urlOf(gateway, `#/settings/${section}`));
}

test('a key is changed through the form, refused at its field, and holds after a restart', async (t) => {
  const dataDir = tempDir(t);
  const set = { 'gateway.supervised': true };
  const first = await startGateway(t, { dataDir, set });
  const { page, faults } = await settings(t, first, 'configuration');
  await page.getByLabel('Search').fill('requests a second');
  const key = page.locator('[data-key="limits.requestsPerSecond"]');
  const field = key.getByLabel('Requests per second');
  await field.fill('many');
  await page.getByRole('button', { name: 'Save' }).click();
  await key.getByRole('alert').getByText('"many"').waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  await field.fill('321');
  await page.getByLabel('Search').fill('http.host');
  await page.locator('[data-key="http.host"] input').fill('0.0.0.0');
  await page.getByText('Has to be confirmed after the restart').waitFor();
  await page.getByLabel('Search').fill('requests a second');
  await key.getByText('Holds after a restart').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('2 changes hold after a restart').waitFor();
  await key.getByText('Until the restart: 500').waitFor();
  await page.getByRole('button', { name: 'Restart the gateway …' }).click();
  await page.getByRole('button', { name: 'Restart', exact: true }).click();
  assert.equal((await first.exited).code, 75);
  const second = await startGateway(t, { dataDir, set: { ...set, 'http.port': first.port('http') } });
  // It changes how the dashboard is reached, so somebody who reaches it has to say so.
  await page.getByText('Unless you keep them, they are taken back in').waitFor();
  await page.getByRole('button', { name: 'Keep the changes' }).click();
  await page.getByText('Changed settings are on trial').waitFor({ state: 'hidden' });
  await key.getByText('Set here').waitFor();
  assert.equal(await field.inputValue(), '321');
  const { keys, trial } = (await (await fetch(urlOf(second, 'api/v1/config'))).json()) as {
    keys: Record<string, { value: unknown; source: string }>;
    trial: unknown;
  };
  const { value, source } = keys['limits.requestsPerSecond']!;
  assert.deepEqual([value, source, trial], [321, 'here', null]);
  // What is told by the command line can't be changed here.
  await page.getByLabel('Search').fill('mqtt.port');
  assert.equal(await page.locator('[data-key="mqtt.port"] input').isDisabled(), true);
  assert.deepEqual(faults, []);
});

test('people and tokens: made, used, and gone', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const { page, faults } = await settings(t, gateway, 'people');
  const password = 'correct horse battery';
  const addPerson = async (name: string): Promise<void> => {
    const form = page.getByRole('form', { name: 'Add a person' });
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('Password').fill(password);
    await form.getByRole('button', { name: 'Add' }).click();
  };
  const signIn = async (where: typeof page, name: string): Promise<void> => {
    await where.getByLabel('Name').fill(name);
    await where.getByLabel('Password').fill(password);
    await where.getByRole('button', { name: 'Sign in' }).click();
  };
  await page.getByText('Nobody is set up').waitFor();
  await addPerson('anna');
  await page.getByRole('form', { name: 'Sign in' }).waitFor();
  await signIn(page, 'anna');
  await page.getByRole('row', { name: /anna/ }).waitFor();
  const others = page.getByLabel('Other rights');
  await others.fill('publish:bob/#');
  await addPerson('bob');
  await page.getByRole('row', { name: /bob.*read.*publish:bob/ }).waitFor();
  assert.equal(await others.inputValue(), '', 'what one may is not shown for the next');

  await page.getByRole('link', { name: 'Tokens' }).click();
  const form = page.getByRole('form', { name: 'Make a token' });
  await form.getByLabel('Name').fill('night script');
  await form.getByRole('button', { name: 'Make it' }).click();
  const notice = page.locator('.notice').filter({ hasText: 'shown this once' });
  const token = await notice.locator('pre').first().innerText();
  const asked = async () =>
    (await fetch(urlOf(gateway, 'api/v1/status'), { headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await asked(), 200);
  await notice.getByRole('button', { name: 'I have it' }).click();
  assert.ok(!(await page.content()).includes(token), 'it is shown once');
  await page.getByRole('button', { name: 'Revoke night script' }).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByRole('button', { name: 'Revoke' }).isDisabled(), true);
  await dialog.getByLabel('Type its name').fill('night script');
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('No program has a token yet').waitFor();
  assert.equal(await asked(), 401);

  const other = await settings(t, gateway, 'people');
  await signIn(other.page, 'bob');
  await other.page.getByText('This is for administrators.').waitFor();
  const mine = other.page.getByRole('navigation', { name: 'Settings' }).getByRole('link');
  await mine.first().waitFor();
  assert.deepEqual(await mine.allInnerTexts(), ['You and this browser', 'About']);

  // What she chooses is hers in another browser, too.
  const kept = page.waitForResponse((response) => response.request().method() === 'PUT');
  await page.getByRole('link', { name: 'You and this browser' }).click();
  await page.getByLabel('Appearance').selectOption('dark');
  assert.equal((await kept).status(), 200);
  const hers = await settings(t, gateway, 'about');
  await signIn(hers.page, 'anna');
  await hers.page.locator('html[data-theme="dark"]').waitFor();
  assert.deepEqual([...faults, ...other.faults, ...hers.faults], []);
});

test('the gateway is called by the name that it was given', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const { page, faults } = await settings(t, gateway, 'gateway');
  await page.getByLabel('Name').fill('Barn <b>');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('banner').getByText('Barn <b>').waitFor();
  assert.deepEqual(faults, []);
});

test('rules as text and as a form, and what happens when somebody else is first', async (t) => {
  const gateway = await startGateway(t, { dataDir: tempDir(t) });
  const { page, faults } = await settings(t, gateway, 'rules');
  await page.getByRole('button', { name: 'Text' }).click();
  const text = page.getByLabel('The list, as YAML or JSON');
  const save = page.getByRole('button', { name: 'Save' });
  await text.fill('- name: alarms\n  match: { topic: alarm/# }\n  prority: critical\n');
  await save.click();
  await page.getByRole('button', { name: 'Line 3' }).click();
  assert.equal(await page.evaluate('getSelection().toString()'), '  prority: critical');
  await text.fill(
    '- name: alarms\n  match: { topic: alarm/# }\n  priority: critical\n- name: late\n  match: { topic: alarm/# }\n',
  );
  await save.click();
  await page.getByText('It never holds: alarms, before it, takes all that it could match').waitFor();
  const asked = page.getByRole('form', { name: 'Which rule holds?' });
  await asked.getByLabel('Topic').fill('alarm/fire');
  await asked.getByRole('button', { name: 'Find out' }).click();
  await asked.getByText('topic alarm/# matches alarm/fire').waitFor();
  await page.getByRole('button', { name: 'Up late' }).click();
  await page.getByRole('button', { name: 'Edit alarms' }).click();
  await page.getByLabel('Ttl').fill('30 parsecs');
  await save.click();
  await page.locator('.field .fault').getByText('30 parsecs').waitFor();
  await page.getByLabel('Ttl').fill('30d');
  const rules = [{ name: 'theirs' }];
  const theirs = await fetch(urlOf(gateway, 'api/v1/rules'), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rules }),
  });
  assert.equal(theirs.status, 200);
  await save.click();
  await page.getByText('Somebody else has changed the rules meanwhile').waitFor();
  await page.getByRole('button', { name: 'Discard mine, and show theirs' }).click();
  await page.getByRole('heading', { name: '1. theirs' }).waitFor();
  assert.deepEqual(faults, []);
});
