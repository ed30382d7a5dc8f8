import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadgateError } from '../../src/core/errors.ts';
import type { StepReport } from '../../src/first-run/first-run.ts';
import { usualPreferences } from '../../src/first-run/preferences.ts';
import { welcome } from '../api/fixtures.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';

const told = (steps: readonly StepReport[]) => steps.map(({ step, state }) => `${step} ${state}`).join(', ');

test('the steps of a first run survive a restart, in the middle of it', async () => {
  const disk = new MemoryDisk();
  let people = false;
  const shelf = shelfOn(disk);
  const { firstRun } = welcome({ shelf, hasPeople: () => people });
  assert.deepEqual([firstRun.status().isDone, firstRun.status().next], [false, 'password']);
  firstRun.begin();
  people = true;
  await shelf.saved();
  assert.equal(firstRun.status().next, 'name');
  await firstRun.note('name', 'done');
  await firstRun.note('upstream', 'skipped');
  const again = welcome({ shelf: shelfOn(disk), hasPeople: () => true });
  await again.start();
  const status = again.firstRun.status();
  assert.equal(told(status.steps), 'password done, name done, upstream skipped, sensor open, summary open');
  assert.deepEqual([status.isDone, status.next], [false, 'sensor']);
  await again.firstRun.note('upstream', 'open');
  assert.equal(again.firstRun.status().next, 'upstream');
  await again.firstRun.note('summary', 'done');
  assert.deepEqual([again.firstRun.status().isDone, again.firstRun.status().next], [true, null]);
});

test('a gateway that was set up by the command line has no first run, and one that was configured has steps done', () => {
  assert.deepEqual(welcome({ hasPeople: () => true }).firstRun.status().isDone, true);
  const { firstRun } = welcome({ hasUpstream: () => true, hasDevices: () => true });
  const { steps, isDone } = firstRun.status();
  assert.equal(told(steps), 'password open, name open, upstream done, sensor done, summary open');
  assert.equal(isDone, false);
});

test('the password is done by nobody’s word, and a disk that refuses is told of', async () => {
  const disk = new MemoryDisk();
  const { firstRun } = welcome({ shelf: shelfOn(disk) });
  await assert.rejects(firstRun.note('password', 'skipped'), { code: 'request.conflict' });
  disk.refusal = 'no space';
  await assert.rejects(firstRun.note('name', 'done'), { code: 'buffer.failed' });
});

test('the gateway is called as people say, until its configuration says anew', async () => {
  const disk = new MemoryDisk();
  const restarted = async (configuredName?: string) => {
    const site = welcome({ shelf: shelfOn(disk), configuredName });
    await site.start();
    return site.gateway;
  };
  const first = await restarted();
  assert.deepEqual([first.report().name, first.report().isNamed], ['hg-1', false]);
  await first.change({ name: ' Greenhouse 7 ', timeZone: 'Europe/Berlin', units: 'imperial' });
  const { name, timeZone, units, isNamed } = (await restarted()).report();
  assert.deepEqual([name, timeZone, units, isNamed], ['Greenhouse 7', 'Europe/Berlin', 'imperial', true]);
  const configured = await restarted('By file');
  assert.equal(configured.report().name, 'By file');
  await configured.change({ name: 'By hand' });
  assert.equal((await restarted('By file')).report().name, 'By hand');
  assert.equal((await restarted('By file 2')).report().name, 'By file 2');
  await configured.change({ name: null, timeZone: null, units: null });
  assert.deepEqual((await restarted()).report().timeZone, 'UTC');
  for (const body of [[], { nam: 'x' }, { name: '' }, { name: 'a\nb' }, { timeZone: 'Mars/Base' }, { units: 'si' }])
    await assert.rejects(configured.change(body), { code: 'request.invalid' });
});

test('preferences are everybody’s own, bounded, and forgotten with who they are of', async () => {
  const disk = new MemoryDisk();
  const gone = new Set<string>();
  const make = () => welcome({ shelf: shelfOn(disk), isKnown: (id) => !gone.has(id) });
  const { preferences } = make();
  const pinned = [{ device: 'a', field: 'temperature', tags: '' }];
  const wanted = { ...usualPreferences, theme: 'dark', language: 'pt-BR', pinned, pages: { window: '1h' } } as const;
  assert.deepEqual(await preferences.put('ann', { ...wanted, units: null }), wanted);
  await preferences.put('__proto__', { theme: 'light' });
  const again = make();
  await again.start();
  assert.deepEqual(again.preferences.of('ann'), wanted);
  assert.equal(again.preferences.of('__proto__').theme, 'light');
  assert.deepEqual(again.preferences.of('bob'), usualPreferences);
  gone.add('ann');
  await again.preferences.put('bob', {});
  assert.deepEqual(
    (await disk.entries('first-run.preferences')).map(([id]) => id),
    ['__proto__', 'bob'],
  );
});

const wrong: readonly unknown[] = [
  null,
  'dark',
  { theme: 'pink' },
  { language: 'deutsch!' },
  { units: 'si' },
  { timeZone: 'UTC' },
  { shortcuts: 1 },
  { pinned: {} },
  { pinned: [{ device: 'a' }] },
  { pinned: [{ device: 'a', field: 'b', color: 'red' }] },
  { pinned: Array.from({ length: 25 }, () => ({ device: 'a', field: 'b' })) },
  { pages: [] },
  { pages: { x: 'x'.repeat(2_000) } },
  { other: 1 },
];
for (const body of wrong) {
  test(`preferences are not ${JSON.stringify(body).slice(0, 60)}`, async () => {
    const put = welcome().preferences.put('ann', body);
    await assert.rejects(put, (error) => error instanceof HeadgateError && error.code === 'request.invalid');
  });
}

test('the dashboard is found under the port that others reach it by', () => {
  const addresses = { http: '[::]:8080', isHttpTls: true, mqtt: '', mqttTls: null };
  const network = () => ({ interfaces: {}, hostname: 'gate', hasMdns: true });
  const urls = (publicPort?: number) =>
    welcome({ network, addresses: () => ({ ...addresses, publicPort }) }).gateway.report().http.urls;
  assert.deepEqual(urls(), ['https://gate.local:8080']);
  assert.deepEqual(urls(443), ['https://gate.local']);
  assert.deepEqual(urls(8443), ['https://gate.local:8443']);
});
