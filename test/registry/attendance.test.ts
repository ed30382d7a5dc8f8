import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Site } from './site.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Enough for its rhythm to be known: a message every ten seconds. */
function learn(site: Site, ...devices: readonly string[]): void {
  for (let i = 0; i < 20; i++) {
    for (const device of devices) site.says(device);
    site.wait(10 * second);
  }
}

test('silence makes a device stale, then offline; its voice brings it back at once', async (t) => {
  const site = await Site.start(t);
  learn(site, 'a');
  site.wait(50 * second);
  assert.equal(site.presence('a'), 'stale');
  site.wait(14 * minute);
  assert.equal(site.presence('a'), 'offline');
  assert.deepEqual(site.registry.status().offline, 1);
  site.says('a');
  assert.equal(site.presence('a'), 'online');
});

test('no jump of a clock changes who is there', async (t) => {
  const site = await Site.start(t);
  learn(site, 'a');
  for (const jump of [30 * 24 * hour, -60 * 24 * hour, 40 * 365 * 24 * hour]) {
    site.time.jump(jump);
    site.wait(second);
    assert.equal(site.presence('a'), 'online', String(jump));
    assert.ok((site.registry.describe('a')?.silentSeconds ?? 99) < 20);
    site.says('a');
  }
  assert.equal(site.registry.describe('a')?.offlineAfterSeconds, 15 * 60, 'and none was learnt from');
});

test('a will that comes late, or a device that never says it is back, does not make it offline for ever', async (t) => {
  const site = await Site.start(t);
  site.says('a');
  site.sighted({ deviceId: 'a', presence: 'offline' });
  assert.equal(site.presence('a'), 'offline');
  site.wait(5 * second);
  site.says('a');
  assert.equal(site.presence('a'), 'offline', 'it may have been said before');
  site.wait(6 * second);
  site.says('a');
  assert.equal(site.presence('a'), 'online');
  site.sighted({ deviceId: 'a', presence: 'offline' });
  site.sighted({ deviceId: 'a', presence: 'online' });
  assert.equal(site.presence('a'), 'online', 'and its own word counts at once');
});

test('who says that it is there may be silent', async (t) => {
  const site = await Site.start(t);
  learn(site, 'door');
  site.sighted({ deviceId: 'door', presence: 'online' });
  site.wait(48 * hour);
  assert.equal(site.presence('door'), 'online');
});

test('a bridge that is offline hides its devices, also by silence, and none that is heard otherwise', async (t) => {
  const site = await Site.start(t);
  const children = ['z:lamp', 'z:door', 'z:lost'];
  site.sighted(
    { deviceId: 'z:bridge', presence: 'online' },
    ...children.map((deviceId) => ({ deviceId, via: 'z:bridge', presence: 'online' as const })),
    { deviceId: 'z:behind', via: 'z:lamp', presence: 'online' },
  );
  site.sighted({ deviceId: 'z:lost', presence: 'offline' });
  site.wait(second);
  site.sighted({ deviceId: 'z:bridge', presence: 'offline' });
  site.wait(second);
  const all = () => ['z:bridge', ...children, 'z:behind'].map((id) => site.presence(id));
  assert.deepEqual(all(), ['offline', 'unknown', 'unknown', 'offline', 'unknown']);
  site.says('z:lamp');
  assert.deepEqual(all(), ['offline', 'online', 'unknown', 'offline', 'unknown']);
  site.sighted({ deviceId: 'z:bridge', presence: 'online' });
  site.wait(second);
  assert.deepEqual(all(), ['online', 'online', 'online', 'offline', 'online']);
});

test('devices that are reached through each other, in a ring, end nowhere and hang nothing', async (t) => {
  const site = await Site.start(t);
  site.sighted({ deviceId: 'a', via: 'b' }, { deviceId: 'b', via: 'c' }, { deviceId: 'c', via: 'a' });
  site.sighted({ deviceId: 'self', via: 'self' });
  for (const id of ['a', 'b', 'c', 'self']) site.says(id);
  site.wait(second);
  site.sighted({ deviceId: 'b', presence: 'offline' });
  site.wait(second);
  assert.deepEqual(
    ['a', 'b', 'c', 'self'].map((id) => site.presence(id)),
    ['unknown', 'offline', 'unknown', 'online'],
  );
  assert.equal(site.registry.describe('self')?.via, null);
});

test('after a restart a device is unknown until it is heard or its silence runs out', async (t) => {
  const site = await Site.start(t);
  learn(site, 'a', 'b', 'gone', 'said');
  site.sighted({ deviceId: 'gone', presence: 'offline' });
  site.sighted({ deviceId: 'said', presence: 'online' });
  await site.restart(48 * hour);
  assert.deepEqual(
    ['a', 'b', 'gone', 'said'].map((id) => site.presence(id)),
    ['unknown', 'unknown', 'offline', 'unknown'],
  );
  site.says('a');
  site.wait(14 * minute);
  assert.deepEqual([site.presence('a'), site.presence('b')], ['stale', 'unknown']);
  site.wait(minute);
  assert.deepEqual([site.presence('b'), site.presence('said')], ['offline', 'offline']);
});

test("a profile's silence counts", async (t) => {
  const site = await Site.start(t, { silenceOf: (profile) => (profile === 'x/slow' ? 6 * hour : undefined) });
  site.says('a', { fields: { v: 1 }, profile: { name: 'x/slow', version: 1 } });
  site.wait(2 * hour);
  assert.equal(site.presence('a'), 'online');
  site.wait(hour);
  assert.equal(site.presence('a'), 'stale');
  site.wait(3 * hour);
  assert.equal(site.presence('a'), 'offline');
});

test('the collector is told who fell silent and who is back, not what they said themselves', async (t) => {
  const site = await Site.start(t);
  learn(site, 'a', 'b', 'c', 'ignored');
  site.sighted({ deviceId: 'b', presence: 'offline' });
  await site.registry.change('ignored', { isIgnored: true });
  site.wait(16 * minute);
  assert.deepEqual(
    site.reports.map((devices) => devices.map(({ device, presence }) => [device, presence])),
    [
      [
        ['a', 'offline'],
        ['c', 'offline'],
      ],
    ],
  );
  const silent = site.reports[0]?.[0]?.silentSeconds ?? 0;
  assert.ok(silent >= 15 * 60 && silent <= 16 * 60, `${silent} s`);
  site.says('a');
  site.wait(minute);
  assert.deepEqual(
    site.reports[1]?.map(({ device, presence }) => [device, presence]),
    [['a', 'online']],
  );
  assert.equal(site.reports.length, 2);
});

test('a device that there is none of is nothing to a collector', async (t) => {
  const site = await Site.start(t, { silenceOf: () => 2 * second });
  const message = { source: 'demo', topic: 'demo:a', payload: Buffer.from('1') };
  const profile = { name: 'x/y', version: 1 };
  const measured = { deviceId: 'demo:a', fields: [{ name: 'v', value: 1 }] };
  site.registry.heard(
    { kind: 'measurement', deviceId: 'demo:a', measurements: [measured], keepPayload: false, profile },
    message,
    site.time.now(),
  );
  site.says('a', { fields: { v: 1 }, profile });
  site.wait(3 * minute);
  assert.equal(site.presence('demo:a'), 'offline');
  assert.deepEqual(
    site.reports.flat().map(({ device }) => device),
    ['a'],
  );
});

test('reports are few, whatever devices do, and what changes back in between is in none', async (t) => {
  const site = await Site.start(t, { silenceOf: () => 2 * second });
  const ids = Array.from({ length: 250 }, (_, n) => `d${n}`);
  for (let i = 0; i < 300; i++) {
    if (i % 5 === 0) for (const id of ids) site.says(id);
    site.wait(second);
  }
  assert.ok(site.reports.length <= 5, `${site.reports.length} records in five minutes`);
  assert.ok(site.reports.every((devices) => devices.length <= 100));
});

test('a bridge that falls silent is one entry, with the number of its devices', async (t) => {
  const site = await Site.start(t);
  learn(site, 'bridge');
  site.sighted(
    ...Array.from({ length: 30 }, (_, n) => ({ deviceId: `d${n}`, via: 'bridge', presence: 'online' as const })),
  );
  site.wait(16 * minute);
  assert.deepEqual(
    site.reports.flat().map(({ device, reaches }) => [device, reaches]),
    [['bridge', 30]],
  );
  assert.equal(site.registry.status().unknown, 30);
});

test('what the disk refused is reported later, and who was reported offline is reported back after a restart', async (t) => {
  const site = await Site.start(t);
  learn(site, 'a');
  site.refusal = new Error('full');
  site.wait(16 * minute);
  // The refusal comes as a promise.
  await Promise.resolve();
  assert.equal(site.reports.length, 0);
  site.refusal = undefined;
  site.wait(minute);
  assert.deepEqual(
    site.reports.flat().map(({ presence }) => presence),
    ['offline'],
  );
  await site.restart();
  site.wait(minute);
  site.says('a');
  site.wait(minute);
  assert.deepEqual(
    site.reports.flat().map(({ presence }) => presence),
    ['offline', 'online'],
  );
});
