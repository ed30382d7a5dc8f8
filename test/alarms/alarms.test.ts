import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FieldValue } from '../../src/core/measurement.ts';
import { FakeTime } from '../support/fake-time.ts';
import { Site, takenOf, termsOf, World } from './site.ts';

async function site(t: TestContext): Promise<Site> {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  return await Site.start(new World(time));
}

/** What a device says, or how many ms go by; and the state of every alarm after it, the oldest first. */
type Step = readonly [says: FieldValue | { readonly wait: number }, states: string];
const courses: readonly (readonly [rule: object, ...steps: readonly Step[]])[] = [
  [{}, [8, ''], [9, 'active'], [99, 'active'], [8, 'cleared'], [9, 'cleared active']],
  [{ hysteresis: 2 }, [9, 'active'], [7, 'active'], [9, 'active'], [6.5, 'active'], [6, 'cleared'], [7, 'cleared']],
  // For so long: a value that is well begins anew, the last one holds until the next one.
  [
    { forSeconds: 10 },
    ...([
      [9, 'pending'],
      [{ wait: 9_000 }, 'pending'],
      [8, ''],
      [9, 'pending'],
      [{ wait: 9_000 }, 'pending'],
    ] as const),
    ...([
      [9, 'pending'],
      [{ wait: 1_000 }, 'active'],
      [8, 'cleared'],
    ] as const),
  ],
  [
    { clearForSeconds: 10 },
    ...([
      [9, 'active'],
      [8, 'active'],
      [{ wait: 9_000 }, 'active'],
      [9, 'active'],
      [8, 'active'],
    ] as const),
    ...([[{ wait: 10_000 }, 'cleared']] as const),
  ],
  // Nothing that can't be compared raises anything, or ends it.
  [
    {},
    ['NaN', ''],
    [Number.NaN, ''],
    ['9', ''],
    [new Uint8Array(9), ''],
    [9, 'active'],
    ['', 'active'],
    [Number.NaN, 'active'],
  ],
  [{ comparator: 'equal', value: 'open' }, ['shut', ''], ['open', 'active'], [1, 'active'], ['shut', 'cleared']],
  // What is raised for the fourth time in ten minutes has to stay away for a minute.
  [
    {},
    ...([
      [9, 'active'],
      [8, 'cleared'],
      [9, 'cleared active'],
      [8, 'cleared cleared'],
    ] as const),
    ...([
      [9, 'cleared cleared active'],
      [8, 'cleared cleared cleared'],
    ] as const),
    ...([
      [9, 'cleared cleared cleared active'],
      [8, 'cleared cleared cleared active'],
    ] as const),
    ...([
      [9, 'cleared cleared cleared active'],
      [8, 'cleared cleared cleared active'],
    ] as const),
    ...([[{ wait: 59_000 }, 'cleared cleared cleared active']] as const),
    ...([[{ wait: 1_000 }, 'cleared cleared cleared cleared']] as const),
  ],
];

test('the course of alarms, by what a device says and how time goes by', async (t) => {
  for (const [rule, ...steps] of courses) {
    const one = await site(t);
    await one.rule(rule);
    for (const [i, [says, states]] of steps.entries()) {
      if (typeof says === 'object' && 'wait' in says) await one.wait(says.wait);
      else await one.says(says as FieldValue);
      assert.equal(one.states.join(' '), states, `${JSON.stringify(rule)}, step ${i + 1}`);
    }
    one.world.time.stop();
  }
});

test('flapping a thousand times raises four alarms', async (t) => {
  const one = await site(t);
  await one.rule({});
  for (let i = 0; i < 1_000; i++) await one.says(i % 2 === 0 ? 9 : 8);
  assert.equal(one.world.told.filter((change) => change === 'raised').length, 4);
  assert.equal(one.alarms.all()[0]?.isFlapping, true);
});

test('a clock that jumps raises and ends nothing, and what came too late is no news', async (t) => {
  const one = await site(t);
  await one.rule({ forSeconds: 60 });
  const { time } = one.world;
  await one.says(9);
  for (const jump of [86_400_000, -3 * 86_400_000]) {
    time.jump(jump);
    await one.wait(1_000);
    assert.deepEqual(one.states, ['pending']);
  }
  await one.wait(60_000);
  assert.deepEqual(one.states, ['active']);
  const now = time.now();
  await one.says(9, { timeMs: now });
  await one.says(1, { timeMs: now - 1 });
  assert.deepEqual([one.states, one.alarms.status().values.late], [['active'], 1]);
  // The device's clock was wrong: nothing newer came for long.
  await one.wait(15 * 60_000);
  await one.says(1, { timeMs: now - 1e9 });
  assert.deepEqual(one.states, ['cleared']);
});

test('each device, series and profile is by itself', async (t) => {
  const one = await site(t);
  await one.rule({ device: 'a*', profile: 'shelly/*' });
  const rows = [
    [{ device: 'a1', profile: 'shelly/plug' }, 1],
    [{ device: 'a2', profile: 'shelly/plug' }, 2],
    [{ device: 'b1', profile: 'shelly/plug' }, 2],
    [{ device: 'a3', profile: 'tasmota/tasmota' }, 2],
    [{ device: 'a3' }, 2],
    [{ device: 'a1', profile: 'shelly/plug', tags: [['room', '3']] as [string, string][] }, 3],
    [{ device: 'a1', profile: 'shelly/plug', tags: [['room', '4']] as [string, string][] }, 4],
    [{ device: 'a1', profile: 'shelly/plug', tags: [['room', '4']] as [string, string][] }, 4],
  ] as const;
  for (const [whose, count] of rows) {
    await one.says(9, whose);
    assert.equal(one.states.length, count, JSON.stringify(whose));
  }
  await one.says(1, { device: 'a1', profile: 'shelly/plug', tags: [['room', '4']] });
  assert.deepEqual(one.states, ['active', 'active', 'active', 'cleared']);
});

test('alarms end with what they are about', async (t) => {
  const change = async (one: Site, id: string, body: object | undefined): Promise<string | null | undefined> => {
    const terms = { name: 'n', field: 'f', comparator: 'above', value: 8, ...body };
    const done = body === undefined ? one.alarms.removeRule(id) : one.alarms.replaceRule(id, termsOf(terms), 'eve');
    await one.wait(1_000);
    await done;
    return one.alarms.all()[0]?.clearedBecause;
  };
  const rows: readonly (readonly [body: object | undefined, because: string | null])[] = [
    [undefined, 'rule-gone'],
    [{ enabled: false }, 'rule-gone'],
    [{ value: 9 }, 'rule-changed'],
    [{ device: 'x*' }, 'rule-changed'],
    [{ field: 'g' }, 'rule-changed'],
    // About the same as before.
    [{ name: 'other', severity: 'critical', hysteresis: 1, forSeconds: 9 }, null],
  ];
  for (const [body, because] of rows) {
    const one = await site(t);
    const id = await one.rule({});
    await one.says(9);
    assert.equal(await change(one, id, body), because, JSON.stringify(body));
    assert.equal(one.world.told.length, because === null ? 1 : 2);
    one.world.time.stop();
  }
});

test('a restart in each state goes on where it was, and tells nobody twice', async (t) => {
  let one = await site(t);
  await one.rule({ forSeconds: 10 });
  await one.says(9);
  await one.wait(5_000);
  one = await one.restart();
  assert.deepEqual(one.states, ['pending']);
  await one.wait(4_000);
  assert.deepEqual(one.states, ['pending']);
  await one.wait(1_000);
  assert.deepEqual([one.states, one.world.told], [['active'], ['raised']]);
  one = await one.restart();
  await one.says(9);
  await one.wait(60_000);
  assert.deepEqual([one.states, one.world.told], [['active'], ['raised']]);
  const done = one.alarms.acknowledge(one.alarms.all()[0]!.id, 'eve', 'Seen.');
  await one.wait(1_000);
  assert.equal((await done).state, 'acknowledged');
  await assert.rejects(one.alarms.acknowledge(one.alarms.all()[0]!.id, 'bob', ''), /was acknowledged by eve already/);
  one = await one.restart();
  assert.deepEqual([one.alarms.all()[0]?.note, one.world.told], ['Seen.', ['raised', 'acknowledged']]);
  await one.says(1);
  await one.wait(1_000);
  one = await one.restart();
  assert.deepEqual([one.states, one.world.told], [['cleared'], ['raised', 'acknowledged', 'cleared']]);
  await assert.rejects(one.alarms.acknowledge(one.alarms.all()[0]!.id, 'eve', ''), /is over/);
});

test('what no record could be stored of is told later, and once, whatever dies meanwhile', async (t) => {
  let one = await site(t);
  const { world } = one;
  await one.rule({});
  world.refusal = 'the buffer is full';
  await one.says(9);
  await one.says(1);
  assert.deepEqual([world.told, one.facts.length, one.alarms.status().told.owed], [[], 2, 2]);
  one = await one.restart();
  assert.deepEqual(world.told, []);
  world.refusal = undefined;
  await one.wait(5_000);
  assert.deepEqual(world.told, ['raised', 'cleared']);
  // It dies before the shelf knows that the records are stored: nothing was saved since.
  one = await one.restart();
  await one.wait(10_000);
  assert.deepEqual([world.told, one.alarms.status().told.owed], [['raised', 'cleared'], 0]);
});

test('a disk that fails keeps nobody from being told', async (t) => {
  const one = await site(t);
  await one.rule({});
  one.world.disk.refusal = 'no';
  await one.says(9);
  assert.deepEqual([one.facts.map(({ body }) => body.change), one.world.told], [['raised'], ['raised']]);
  // Whoever was told that a rule is not made does not have it twice after another try.
  const refused = assert.rejects(
    one.alarms.addRule(termsOf({ name: 'x', field: 'f', comparator: 'above', value: 8 }), 'eve'),
  );
  await one.wait(1_000);
  await refused;
  one.world.disk.refusal = undefined;
  await one.rule({ name: 'again' });
  assert.deepEqual(
    one.alarms.rules().map(({ name }) => name),
    ['n', 'again'],
  );
  assert.equal((await one.restart()).alarms.rules().length, 2);
});

test('what is kept is bounded: alarms that are open, those that are over, and what devices are known', async (t) => {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const one = await Site.start(new World(time), { maxOpen: 50, keepHistory: 20 });
  await one.rule({});
  for (let i = 0; i < 100; i++) await one.says(9, { device: `d${i}` });
  assert.deepEqual([one.states.length, one.alarms.status().left], [50, 50]);
  for (let i = 0; i < 100; i++) await one.says(1, { device: `d${i}` });
  assert.deepEqual(one.states, new Array(20).fill('cleared'));
  await one.wait(1_000);
  const again = await one.restart({ maxOpen: 50, keepHistory: 5 });
  assert.equal(again.states.length, 5);
  // A unit, and an id, is whatever the device says.
  const taken = takenOf(9, {}, 0);
  const fields = [{ name: 'f', value: 9, unit: 'u'.repeat(200_000) }];
  again.alarms.taken({ ...taken, measurement: { ...taken.measurement, fields } });
  again.alarms.taken({ ...taken, measurement: { ...taken.measurement, deviceId: 'd'.repeat(200_000) } });
  assert.equal(again.states.length, 6);
  assert.ok(JSON.stringify(again.alarms.all()).length < 6_000);
});

test('ten thousand devices that are all wrong while the buffer is full: what is owed is bounded, and counted', async (t) => {
  const time = new FakeTime();
  time.start();
  t.after(() => time.stop());
  const one = await Site.start(new World(time), { maxOpen: 10_000 });
  await one.rule({});
  one.world.refusal = 'the buffer is full';
  for (let i = 0; i < 10_000; i++) one.alarms.taken(takenOf(9, { device: `d${i}` }, time.now()));
  await one.wait(1_000);
  const { active, told } = one.alarms.status();
  assert.deepEqual([active.warning, told.owed, told.dropped], [10_000, 5_000, 5_000]);
  one.world.refusal = undefined;
  await one.wait(5_000);
  assert.deepEqual([one.world.told.length, one.alarms.status().told.owed], [5_000, 0]);
});
