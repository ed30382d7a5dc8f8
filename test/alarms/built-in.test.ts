// What is watched over without a rule: the machine from real files in a temporary directory, the parts as they are told.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Finding, findingsOf, type Vitals } from '../../src/alarms/built-in/findings.ts';
import { type MachineReading, readMachine } from '../../src/alarms/built-in/machine.ts';
import { FakeTime } from '../support/fake-time.ts';
import { tempDir } from '../support/temp-dir.ts';
import { Site, termsOf, usualOptions, World, wellVitals } from './site.ts';

const options = usualOptions.builtIn;
const dayMs = 86_400_000;
const now = Date.UTC(2026, 5, 1);

function write(root: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const throttled = 'devices/platform/soc/soc:firmware/get_throttled';
const volt = 'class/hwmon/hwmon1';
const zone = 'class/thermal/thermal_zone';

/** Files under `/sys`, and what is read of them. */
const machines: readonly (readonly [Readonly<Record<string, string>>, Omit<MachineReading, 'freeShare'>])[] = [
  [{}, {}],
  [{ [throttled]: '0\n' }, { power: [] }],
  // What was once is in the upper bits.
  [{ [throttled]: '50000\n' }, { power: [] }],
  [{ [throttled]: '50005\n' }, { power: ['the voltage is too low', 'the processor is throttled'] }],
  [{ [throttled]: '0x8\n' }, { power: ['the soft temperature limit is reached'] }],
  [{ [throttled]: 'what\n' }, {}],
  [{ [`${volt}/name`]: 'rpi_volt\n', [`${volt}/in0_lcrit_alarm`]: '1\n' }, { power: ['the voltage is too low'] }],
  [{ [`${volt}/name`]: 'rpi_volt\n', [`${volt}/in0_lcrit_alarm`]: '0\n' }, { power: [] }],
  [{ [`${volt}/name`]: 'nvme\n', [`${volt}/in0_lcrit_alarm`]: '1\n' }, {}],
  [{ [`${zone}0/temp`]: '48312\n', [`${zone}0/type`]: 'cpu-thermal\n' }, { celsius: 48.312 }],
  [
    {
      ...{ [`${zone}0/temp`]: '91000\n', [`${zone}0/type`]: 'iwlwifi\n' },
      ...{ [`${zone}1/temp`]: '50000\n', [`${zone}1/type`]: 'x86_pkg_temp\n' },
    },
    { celsius: 50 },
  ],
  [{ [`${zone}0/temp`]: '61000\n' }, { celsius: 61 }],
  [{ [`${zone}0/temp`]: '-274000\n', [`${zone}1/temp`]: 'NaN', 'class/thermal/cooling_device0/temp': '1' }, {}],
];

test('what a machine says of itself is read from its files', async (t) => {
  const dataDir = tempDir(t);
  for (const [files, wanted] of machines) {
    const { freeShare = -1, ...found } = await readMachine({ dataDir, sys: write(tempDir(t), files) });
    assert.deepEqual(found, wanted, JSON.stringify(files));
    assert.ok(freeShare > 0 && freeShare <= 1, String(freeShare));
  }
  assert.deepEqual(await readMachine({ dataDir: '/nowhere', sys: '/nowhere' }), {});
});

type Bad = Partial<Vitals> & { readonly machine?: MachineReading };
const certificate = (days: number): Bad => ({ certificates: [{ of: 'MQTT', expiresAtMs: now + days * dayMs }] });
const buffer = (rest: Partial<Vitals['buffer']>): Bad => ({ buffer: { ...wellVitals.buffer, ...rest } });

/** How things are, which one it concerns, what it is then, and what is said. */
const rows: readonly (readonly [Bad, Finding['builtIn'], Finding['input'], RegExp?])[] = [
  [{}, 'uplinkDown', 'normal'],
  [{ uplink: { isUp: false, state: 'waiting', reason: 'no route' } }, 'uplinkDown', 'violating', /: no route\.$/],
  [buffer({ waitingShare: 0.8 }), 'bufferFilling', 'between'],
  [buffer({ waitingShare: 0.81 }), 'bufferFilling', 'violating', /takes 81 % of the buffer/],
  [buffer({ waitingShare: 0.74 }), 'bufferFilling', 'normal'],
  [buffer({ state: 'full', full: 'It is this.' }), 'bufferFull', 'violating', /^There is no room.* It is this\.$/],
  [buffer({}), 'bufferFull', 'normal'],
  [buffer({ state: 'failing', failure: 'I/O error' }), 'diskFailing', 'violating', /: I\/O error\./],
  [{ clockQuality: 'unset' }, 'clock', 'violating', /not set/],
  [{ clockQuality: 'estimated' }, 'clock', 'violating', /not known to be kept right/],
  [{ machine: { freeShare: 0.09 } }, 'diskSpace', 'violating', /^9 % of/],
  [{ machine: { freeShare: 0.12 } }, 'diskSpace', 'between'],
  [{ machine: { freeShare: 0.16 } }, 'diskSpace', 'normal'],
  [{ machine: { power: [] } }, 'power', 'normal'],
  [{ machine: { power: ['the voltage is too low'] } }, 'power', 'violating', /says that the voltage is too low: see/],
  [{ machine: { celsius: 80.1 } }, 'temperature', 'violating', /80\.1 °C/],
  [{ machine: { celsius: 76 } }, 'temperature', 'between'],
  [{ machine: { celsius: 75 } }, 'temperature', 'normal'],
  [{ machine: { wrongSettings: [] } }, 'settings', 'normal'],
  [
    { machine: { wrongSettings: ['headgate.yaml:1:1: a.', 'b'] } },
    'settings',
    'violating',
    /out: headgate\.yaml:1:1: a\. And 1 more\./,
  ],
  [{ machine: { takenBack: null } }, 'update', 'normal'],
  [
    { machine: { takenBack: { text: 'The update to 2 was taken back: x.', occasion: '1' } } },
    'update',
    'violating',
    /^The update to 2 was/,
  ],
  [certificate(15), 'certificate', 'normal'],
  [certificate(13), 'certificate', 'violating', /of MQTT ends on 2026-06-14/],
  [certificate(-1), 'certificate', 'violating', /of MQTT ended on 2026-05-31/],
  [{ sources: [{ name: 'bridge plant', problem: null }] }, 'sources', 'normal'],
  [
    { sources: [{ name: 'bridge plant', problem: 'refused' }] },
    'sources',
    'violating',
    /bridge plant is not heard: refused/,
  ],
];

test('what is as it should be, and what is not', () => {
  for (const [{ machine = {}, ...vitals }, builtIn, input, says] of rows) {
    const all = findingsOf({ ...wellVitals, ...vitals }, machine, options, now);
    const found = all.filter((one) => one.builtIn === builtIn);
    const what = JSON.stringify([vitals, machine]);
    assert.deepEqual([found.length, found[0]?.input], [1, input], what);
    if (says !== undefined) assert.match(found[0]!.text, says, what);
    const others = all.filter((one) => one.builtIn !== builtIn);
    assert.ok(
      others.every((one) => one.input === 'normal'),
      what,
    );
  }
  // What the machine does not tell is not judged, and without the time no certificate ends.
  const few = findingsOf({ ...wellVitals, ...certificate(-1), clockQuality: 'unset' }, {}, options, now);
  assert.deepEqual(
    few.map(({ builtIn }) => builtIn),
    ['bufferFilling', 'bufferFull', 'diskFailing', 'uplinkDown', 'clock'],
  );
});

async function site(t: TestContext): Promise<Site> {
  const time = new FakeTime(now);
  time.start();
  t.after(() => time.stop());
  const world = new World(time);
  world.sys = write(tempDir(t), { [throttled]: '0' });
  world.dataDir = world.sys;
  return await Site.start(world);
}

/** Some looks, ten seconds apart. */
async function looks(one: Site, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await one.alarms.look();
    await one.wait(10_000);
  }
}
const open = (one: Site): string[] =>
  one.alarms
    .all()
    .filter(({ state }) => state !== 'cleared')
    .map(({ rule, state, device }) => `${rule} ${state}${device === null ? '' : ` ${device}`}`);

test('they are raised after their time, by one name in the configuration, the API and the alarm, and outlive a restart', async (t) => {
  let one = await site(t);
  const { world } = one;
  world.vitals = { ...wellVitals, uplink: { isUp: false, state: 'waiting', reason: 'no route' } };
  await looks(one, 29);
  assert.deepEqual(open(one), ['uplinkDown pending']);
  await looks(one, 3);
  assert.deepEqual(open(one), ['uplinkDown active']);
  one = await one.restart();
  await looks(one, 2);
  assert.deepEqual([open(one), world.told], [['uplinkDown active'], ['raised']]);
  world.vitals = wellVitals;
  await looks(one, 1);
  assert.deepEqual([open(one), world.told], [[], ['raised', 'cleared']]);
  const views = one.alarms.builtIn();
  assert.deepEqual(views.map(({ id }) => id).sort(), Object.keys(options).sort());
  const offered = views.filter(({ isOffered }) => !isOffered).map(({ id }) => id);
  assert.deepEqual(offered, ['temperature', 'settings', 'update']);
  const [certificateView] = views.filter(({ id }) => id === 'certificate');
  assert.equal(certificateView?.limit, 'less than 14 d left');
});

test('each can be switched off, also while it has an alarm', async (t) => {
  let one = await site(t);
  write(one.world.sys, { [throttled]: '1' });
  await looks(one, 1);
  assert.deepEqual(open(one), ['power active']);
  one = await one.restart({ builtIn: { ...options, power: { ...options.power, enabled: false } } });
  assert.equal(one.alarms.all()[0]?.clearedBecause, 'rule-gone');
  await looks(one, 2);
  assert.deepEqual(open(one), []);
});

test('a sensor that is gone leaves its alarm as it is', async (t) => {
  const one = await site(t);
  write(one.world.sys, { [throttled]: '1' });
  await looks(one, 1);
  rmSync(join(one.world.sys, throttled));
  await looks(one, 2);
  assert.deepEqual(open(one), ['power active']);
});

test('an update that is taken back is an alarm of its own, also while the one of the last is acknowledged', async (t) => {
  let one = await site(t);
  const { world } = one;
  const taken = (version: number) => ({ text: `The update to ${version} was taken back: x.`, occasion: `${version}` });
  world.takenBack = taken(2);
  await looks(one, 2);
  const [first] = one.alarms.all();
  const acknowledged = one.alarms.acknowledge(first!.id, 'eve', '');
  await one.wait(1_000);
  await acknowledged;
  one = await one.restart();
  await looks(one, 2);
  assert.deepEqual(open(one), ['update acknowledged']);
  world.takenBack = taken(3);
  await looks(one, 2);
  assert.deepEqual(open(one), ['update active']);
  assert.deepEqual(world.told, ['raised', 'acknowledged', 'raised', 'cleared']);
  // What can't be told of for a while is not over.
  world.takenBack = undefined;
  await looks(one, 1);
  assert.deepEqual(open(one), ['update active']);
  world.takenBack = null;
  await looks(one, 1);
  assert.deepEqual(open(one), []);
});

test('devices that are silent have one each, until they are heard, ignored or forgotten', async (t) => {
  const one = await site(t);
  const { devices } = one.world;
  const set = (id: string, presence: string, isIgnored = false) => devices.set(id, { name: id, presence, isIgnored });
  for (const [i, presence] of ['online', 'stale', 'offline', 'unknown', 'stale', 'stale'].entries())
    set(`d${i}`, presence);
  set('d9', 'offline', true);
  // The registry has no room for it: that is not the same as being forgotten.
  const rule = one.alarms.addRule(termsOf({ name: 'n', field: 'f', comparator: 'above', value: 8 }), 'eve');
  await one.wait(1_000);
  await rule;
  await one.says(9, { device: 'unregistered' });
  await looks(one, 8);
  assert.equal(
    one.alarms.all().filter(({ device, state }) => device === 'unregistered' && state === 'active').length,
    1,
  );
  await one.says(1, { device: 'unregistered' });
  const silent = (...ids: number[]) => ids.map((id) => `deviceSilent active d${id}`);
  assert.deepEqual(open(one).sort(), silent(1, 2, 4, 5));
  set('d1', 'online');
  // Nothing can be told of it: it is as it was.
  set('d2', 'unknown');
  set('d4', 'stale', true);
  devices.delete('d5');
  await looks(one, 1);
  assert.deepEqual(open(one), silent(2));
  const of = one.alarms.all().filter(({ origin }) => origin === 'built-in');
  const because = of.map(({ device, clearedBecause }) => [device, clearedBecause]);
  assert.deepEqual(because.sort(), [
    ['d1', 'returned'],
    ['d2', null],
    ['d4', 'returned'],
    ['d5', 'device-gone'],
  ]);
});

test('a port that is not configured any more has no alarm', async (t) => {
  const one = await site(t);
  one.world.vitals = { ...wellVitals, sources: [{ name: 'bridge plant', problem: 'refused' }] };
  await looks(one, 32);
  assert.deepEqual(open(one), ['sources active']);
  one.world.vitals = wellVitals;
  await looks(one, 1);
  assert.equal(one.alarms.all()[0]?.clearedBecause, 'rule-gone');
});
