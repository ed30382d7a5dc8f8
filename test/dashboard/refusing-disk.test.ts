import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { smallDisk } from '../support/small-disk.ts';

after(closeBrowser);

const person = { name: 'eve', password: 'correct horse' };

test('on a full disk one is told that signing in and out does not outlive the gateway', {
  timeout: 60_000,
}, async (t) => {
  const disk = smallDisk(t, 8 * 2 ** 20);
  if (disk === undefined) return;
  const gateway = await startGateway(t, { dataDir: join(disk.path, 'data') });
  const url = `http://127.0.0.1:${gateway.port('http')}`;
  const post = async (path: string) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: JSON.stringify(person), headers });
    assert.ok(answer.ok, await answer.clone().text());
    return (await answer.json()) as { isStored: boolean };
  };
  await post('setup');
  const { page } = await openPage(t, `${url}/`);
  const signIn = async () => {
    await page.getByLabel('Name').fill(person.name);
    await page.getByLabel('Password').fill(person.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  };
  await signIn();
  const told = page.getByText('The disk refuses to keep that you are signed in');
  assert.equal(await told.count(), 0);
  disk.fill();
  // SQLite's log may have a little room left in it.
  for (let i = 0; i < 200 && (await post('session')).isStored; i++);
  await page.getByRole('button', { name: 'You and this browser' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out, but the disk refuses to note it').waitFor();
  await signIn();
  await told.waitFor();
});
