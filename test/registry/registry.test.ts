import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Site } from './site.ts';

const minute = 60_000;
const hour = 60 * minute;

test('a device is registered by its first message, and its newest values are known', async (t) => {
  const site = await Site.start(t);
  const seen = new Date(site.time.now()).toISOString();
  site.says('tasmota:plug', {
    topic: 'tele/plug/SENSOR',
    fields: [
      { name: 'ENERGY.Power', value: 12.5, unit: 'W' },
      { name: 'count', value: 2n ** 60n },
    ],
    profile: { name: 'tasmota/plug', version: 3 },
  });
  const device = site.registry.describe('tasmota:plug');
  assert.deepEqual(JSON.parse(JSON.stringify({ ...device, fields: [] })), {
    id: 'tasmota:plug',
    name: 'tasmota:plug',
    givenName: null,
    toldName: null,
    profile: { name: 'tasmota/plug', version: 3 },
    source: 'mqtt',
    via: null,
    presence: 'online',
    presenceSince: { at: seen, clockQuality: 'synced' },
    firstSeen: { at: seen, clockQuality: 'synced' },
    lastSeen: { at: seen, clockQuality: 'synced' },
    silentSeconds: 0,
    messages: 1,
    measurements: 1,
    isIgnored: false,
    staleAfterSeconds: 3 * 3600,
    offlineAfterSeconds: 25 * 3600,
    attributes: {},
    topics: ['tele/plug/SENSOR'],
    fields: [],
  });
  assert.deepEqual(device?.fields, [
    { name: 'ENERGY.Power', value: 12.5, unit: 'W', unitSymbol: 'W', at: seen },
    { name: 'count', value: 2n ** 60n, unit: null, unitSymbol: null, at: seen },
  ]);
  assert.equal(site.registry.describe('tasmota:plu'), undefined);
});

test('a restart is invisible but for presence: id, names, first seen, attributes and counts stay', async (t) => {
  const site = await Site.start(t);
  site.says('a', {
    fields: { value: 1 },
    sightings: [{ deviceId: 'a', name: 'Told', attributes: [['firmware', '1.2']] }],
  });
  site.says('b');
  await site.registry.change('a', { name: 'Kitchen' });
  site.wait(10 * minute);
  site.says('a');
  const before = site.registry.describe('a');
  await site.restart();
  const { presence, presenceSince, silentSeconds, fields, ...rest } = site.registry.describe('a')!;
  assert.deepEqual(rest, (({ presence, presenceSince, silentSeconds, fields, ...others }) => others)(before!));
  assert.deepEqual([presence, silentSeconds, fields.length], ['unknown', null, 0]);
  assert.deepEqual([rest.name, rest.toldName, rest.messages], ['Kitchen', 'Told', 2]);
  site.says('a');
  assert.equal(site.presence('a'), 'online');
  assert.equal(site.registry.describe('a')?.messages, 3);
  assert.equal(site.registry.status().total, 2, 'still two');
});

test('a power cut costs a little of the last seconds, and makes no second device', async (t) => {
  const site = await Site.start(t);
  site.says('a');
  const { firstSeen } = site.registry.describe('a')!;
  site.wait(2_000);
  await site.shelf.saved();
  site.wait(3 * minute);
  site.says('a');
  await site.crash();
  assert.equal(site.registry.status().total, 1);
  assert.deepEqual(site.registry.describe('a')?.firstSeen, firstSeen);
  assert.deepEqual(site.registry.describe('a')?.lastSeen, firstSeen, 'as it was written last');
  site.says('a');
  assert.equal(site.registry.status().total, 1);
});

test('a name that people gave is durable when it is confirmed', async (t) => {
  const site = await Site.start(t);
  site.says('a');
  await site.registry.change('a', { name: 'Kitchen' });
  await site.crash();
  assert.equal(site.registry.describe('a')?.name, 'Kitchen');
  await site.registry.change('a', { name: null });
  assert.equal(site.registry.describe('a')?.name, 'a');
  assert.equal(await site.registry.forget('a'), true);
  await site.crash();
  assert.equal(site.registry.status().total, 0, 'what was forgotten stays so');
  assert.equal(await site.registry.forget('a'), false);
  assert.equal(await site.registry.change('a', { name: 'x' }), undefined);
});

test('many devices that talk all the time write little', async (t) => {
  const site = await Site.start(t);
  const round = () => {
    for (let i = 0; i < 500; i++) {
      site.says(`d${i}`, {
        fields: { v: i },
        sightings: [{ deviceId: `d${i}`, attributes: [['signal', -Math.random()]] }],
      });
    }
  };
  round();
  site.wait(1_000);
  await site.shelf.saved();
  const first = site.disk.batches.flat().length;
  assert.equal(first, 500 + 4, 'each device once, and their counts together');
  for (let i = 0; i < 590; i++) {
    round();
    site.wait(1_000);
    if (i % 10 === 0) await site.shelf.saved();
  }
  await site.shelf.saved();
  const more = site.disk.batches.flat().slice(first);
  assert.equal(more.length, 4, 'one write of 128 devices in five minutes');
  const bytes = more.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0);
  assert.ok(bytes < 60_000, `${bytes} bytes`);
});

test('a command to a device is not its voice, and registers nobody', async (t) => {
  const site = await Site.start(t);
  site.says('plug', { kind: 'command' });
  assert.equal(site.registry.status().total, 0);
  site.says('plug');
  site.wait(hour);
  site.says('plug', { kind: 'command' });
  assert.equal(site.registry.describe('plug')?.silentSeconds, 3600);
});

test('what a bridge describes is known, and not heard; what describes itself is', async (t) => {
  const site = await Site.start(t);
  site.says('z2m:bridge', {
    kind: 'discovery',
    sightings: [
      { deviceId: 'z2m:lamp', name: 'Lamp', via: 'z2m:bridge', attributes: [['model', 'X1']] },
      { deviceId: 'z2m:old', via: 'z2m:bridge' },
    ],
  });
  site.says('shelly:1', { kind: 'discovery', sightings: [{ deviceId: 'shelly:1', attributes: [['firmware', '1']] }] });
  assert.deepEqual(
    ['z2m:bridge', 'z2m:lamp', 'shelly:1'].map((id) => site.presence(id)),
    ['online', 'unknown', 'online'],
  );
  const { lastSeen, name, attributes } = site.registry.describe('z2m:lamp')!;
  assert.deepEqual([lastSeen, name, { ...attributes }], [null, 'Lamp', { model: 'X1' }]);
  site.says('z2m:old', { kind: 'discovery', sightings: [{ deviceId: 'z2m:old', isGone: true }] });
  assert.equal(site.presence('z2m:old'), 'offline');
  site.says('z2m:never', { kind: 'discovery', sightings: [{ deviceId: 'z2m:never', isGone: true }] });
  assert.equal(site.registry.describe('z2m:never'), undefined, 'whoever goes does not come by that');
});

test('a lesson and whom it is about are kept together', async (t) => {
  const site = await Site.start(t);
  site.says('b', { kind: 'discovery', isLesson: true, sightings: [{ deviceId: 'b', name: 'Attic' }] });
  await site.shelf.saved();
  await site.crash();
  assert.deepEqual([site.taught, site.registry.describe('b')?.name], [['b'], 'Attic']);
});

test('lessons are kept with it', async (t) => {
  const site = await Site.start(t);
  site.says('a', { topic: 'homeassistant/a/config', isLesson: true });
  await site.restart();
  assert.deepEqual(site.taught, ['homeassistant/a/config']);
});

test('a topic that turns out to be of a device that is known is no device of its own any more', async (t) => {
  const site = await Site.start(t);
  const profile = { name: 'zigbee2mqtt/device', version: 1 };
  site.says('z/lamp');
  const { firstSeen } = site.registry.describe('z/lamp')!;
  await site.registry.change('z/lamp', { name: 'Lamp' });
  site.wait(minute);
  site.says('z:lamp', { topic: 'z/other', fields: { v: 1 }, profile });
  site.wait(2_000);
  site.says('z:lamp', { topic: 'z/lamp', fields: { v: 1 }, profile });
  assert.deepEqual(
    site.registry.summaries().map(({ id, name, messages }) => [id, name, messages]),
    [['z:lamp', 'Lamp', 3]],
  );
  assert.deepEqual(site.registry.describe('z:lamp')!.firstSeen, firstSeen);
  await site.shelf.saved();
  await site.crash();
  assert.equal(site.registry.describe('z:lamp')?.name, 'Lamp');
  assert.equal(site.registry.status().total, 1);
});

test('a device is taken over by none that it is not the topic of', async (t) => {
  const site = await Site.start(t);
  const profile = { name: 'a/b', version: 1 };
  // Named by its topic, and more than that: heard on another, or understood by a profile.
  site.says('one');
  site.says('one', { topic: 'other' });
  site.says('two', { fields: { v: 1 }, profile });
  site.says('three');
  site.says('four');
  for (const topic of ['one', 'two', 'other']) site.says('x:y', { topic, fields: { v: 1 }, profile });
  site.says('z', { topic: 'four' });
  assert.deepEqual(
    site.registry.summaries().map(({ id }) => id),
    ['one', 'two', 'three', 'four', 'x:y', 'z'],
  );
});

test('values of one name in several units are several values, as SenML has them', async (t) => {
  const site = await Site.start(t);
  const at = (latitude: number) => ({
    topic: 'sensors/ow',
    fields: [
      { name: 'urn:dev:ow:1', value: 20, unit: '%RH' },
      { name: 'urn:dev:ow:1', value: 24.3, unit: 'lon' },
      { name: 'urn:dev:ow:1', value: latitude, unit: 'lat' },
    ],
  });
  site.says('sensors/ow', at(60.07));
  site.says('sensors/ow', at(60.08));
  const { fields } = site.registry.describe('sensors/ow')!;
  assert.deepEqual(
    fields.map(({ value, unit }) => [value, unit]),
    [
      [20, '%RH'],
      [24.3, 'lon'],
      [60.08, 'lat'],
    ],
  );
});
