import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sighting } from '../../src/core/device.ts';
import { Site } from './site.ts';

const week = 7 * 24 * 3_600_000;

test('ten thousand hostile ids are ten thousand devices or none, and cost little', async (t) => {
  const site = await Site.start(t);
  for (let i = 0; i < 10_000; i++) {
    site.says(`${'../'.repeat(i % 7)}\u0000${i}\u202e"'\\%00`);
    if (i % 1_000 === 0) site.says('a'.repeat(1_001 + i));
  }
  const { total, unregisteredMessages } = site.registry.status();
  assert.equal(total, 5_000);
  assert.equal(unregisteredMessages, 5_000 + 10);
  assert.equal(site.warnings.length, 1, 'told once');
  const known = site.registry.summaries().map(({ id }) => id);
  await site.restart();
  assert.deepEqual(new Set(site.registry.summaries().map(({ id }) => id)), new Set(known));
});

test('names of prototypes are plain ids, attributes and fields', async (t) => {
  const site = await Site.start(t);
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', ''];
  for (const id of names) {
    site.says(id, {
      topic: `t/${id}`,
      fields: names.map((name) => ({ name, value: `${id} ${name}`, unit: name })),
      sightings: [{ deviceId: id, attributes: names.map((name) => [name, name] as const) }],
    });
  }
  const check = () => {
    assert.equal(site.registry.status().total, names.length);
    for (const id of names) {
      const { attributes } = site.registry.describe(id)!;
      assert.deepEqual(Object.keys(attributes).sort(), names.filter(Boolean).sort());
      assert.ok(JSON.stringify(attributes).includes('"__proto__":"__proto__"'));
    }
  };
  check();
  const { fields } = site.registry.describe('__proto__')!;
  assert.deepEqual(
    fields.map(({ name, value }) => [name, value]),
    names.map((name) => [name, `__proto__ ${name}`]),
  );
  await site.restart();
  check();
  assert.equal(({} as Record<string, unknown>).name, undefined);
});

test('what one device may fill is bounded', async (t) => {
  const site = await Site.start(t);
  const long = 'x'.repeat(10_000);
  for (let i = 0; i < 50; i++) {
    site.says('a', {
      topic: i === 0 ? long : `t/${i}`,
      payload: Buffer.from(long),
      fields: [
        ...Array.from({ length: 100 }, (_, n) => ({ name: `f${n + 100 * i}`, value: n })),
        { name: 'text', value: long },
        { name: 'bytes', value: Buffer.from(long) },
        { name: long, value: 1 },
      ],
      sightings: [
        {
          deviceId: 'a',
          name: long,
          via: long,
          attributes: [
            ...Array.from({ length: 10 }, (_, n) => [`a${n + 10 * i}`, long] as const),
            [long, 1] as const,
            ['nan', Number.NaN] as const,
            ['infinite', Number.POSITIVE_INFINITY] as const,
          ],
        },
      ],
    });
  }
  const { attributes, topics, fields, name, via } = site.registry.describe('a')!;
  assert.deepEqual([Object.keys(attributes).length, topics.length, fields.length], [64, 20, 200]);
  assert.deepEqual([name.length, via], [200, null]);
  assert.ok(Object.values(attributes).every((value) => String(value).length <= 200));
  assert.ok(fields.every((field) => field.name.length <= 200));
  const lengthOf = (wanted: string) =>
    (fields.find((field) => field.name === wanted)!.value as string | Uint8Array).length;
  assert.deepEqual([lengthOf('text'), lengthOf('bytes')], [200, 200]);
  await site.restart();
  assert.equal(Object.keys(site.registry.describe('a')!.attributes).length, 64);
});

test('topics and attributes of all devices together are bounded, and what is forgotten makes room', async (t) => {
  const site = await Site.start(t);
  const long = (i: number) => `${i}`.padEnd(1_000, 'x');
  for (let i = 0; i < 2_000; i++) for (let n = 0; n < 10; n++) site.says(`d${i}`, { topic: long(10 * i + n) });
  const topics = () => site.registry.summaries().map(({ id }) => site.registry.describe(id)!.topics.length);
  const sum = () => topics().reduce((all, count) => all + count, 0) * 1_000;
  assert.equal(sum(), 8_000_000);
  site.says('d1', { sightings: [{ deviceId: 'd1', attributes: [['note', long(1)]] }] });
  assert.deepEqual(Object.keys(site.registry.describe('d1')!.attributes), []);
  await site.registry.forget('d0');
  site.says('d1', { sightings: [{ deviceId: 'd1', attributes: [['note', long(1)]] }] });
  assert.deepEqual(Object.keys(site.registry.describe('d1')!.attributes), ['note']);
  await site.restart();
  for (let i = 0; i < 20; i++) site.says('late', { topic: long(i) });
  assert.equal(site.registry.describe('late')!.topics.length, 9, 'the same bound after a restart');
});

test("a payload's memory is not held on to: bytes are copied", async (t) => {
  const site = await Site.start(t);
  const memory = Buffer.from('abcd');
  site.says('a', { fields: [{ name: 'b', value: memory.subarray(1, 3) }] });
  memory.fill(0);
  assert.equal(Buffer.from(site.registry.describe('a')!.fields[0]!.value as Uint8Array).toString(), 'bc');
});

test('fields keep their place whatever the order, and other tags are other values', async (t) => {
  const site = await Site.start(t);
  const of = (device: string) =>
    site.registry.describe(device)!.fields.map(({ name, tags, value }) => [name, tags, value]);
  site.says('a', { topic: 't', fields: { x: 1, y: 2 } });
  site.says('a', { topic: 't', fields: { y: 3, z: 4, x: 5 } });
  site.says('a', { topic: 'u', fields: { z: 6 } });
  assert.deepEqual(of('a'), [
    ['x', undefined, 5],
    ['y', undefined, 3],
    ['z', undefined, 6],
  ]);
  const at = (timeMs: number, value: number, room: string) =>
    ({ deviceId: 'b', timeMs, fields: [{ name: 'v', value }], tags: [['room', room]] }) as const;
  site.says('b', { measurements: [at(2_000, 1, 'n'), at(3_000, 2, 's'), at(1_000, 3, 'n')] });
  assert.deepEqual(
    of('b'),
    [
      ['v', 'room=n', 1],
      ['v', 'room=s', 2],
    ],
    'of one message, the latest',
  );
  site.time.sleep(1);
  site.says('b', { measurements: [at(1_500, 4, 'n')] });
  assert.deepEqual(of('b')[0], ['v', 'room=n', 4], 'a later message counts, whatever it says of the time');
  assert.equal(site.registry.describe('b')!.messages, 2);
  const part = (deviceId: string) => ({ deviceId, fields: [{ name: 'v', value: 1 }] });
  site.says('b', { measurements: [part('b'), part('c'), part('b')] });
  assert.deepEqual([site.registry.describe('b')!.messages, site.registry.describe('c')!.messages], [3, 1]);
  assert.equal(site.registry.describe('b')!.measurements, 6);
});

test('a new device takes the place of one that was not heard for a week, and of nobody else', async (t) => {
  const site = await Site.start(t, { options: { maxDevices: 4, reportPresence: false } });
  for (const id of ['old', 'older', 'named', 'alive']) site.says(id);
  await site.registry.change('named', { name: 'Mine' });
  site.wait(60_000);
  site.says('old');
  site.says('new');
  assert.equal(site.registry.describe('new'), undefined, 'nobody is gone yet');
  for (let left = 8; left > 0; left--) {
    site.wait(week / 7);
    site.says('alive');
  }
  for (const id of ['n1', 'n2', 'n3', 'n4']) site.says(id);
  const ids = () =>
    site.registry
      .summaries()
      .map(({ id }) => id)
      .sort();
  assert.deepEqual(ids(), ['alive', 'n1', 'n2', 'named']);
  await site.restart();
  assert.deepEqual(ids(), ['alive', 'n1', 'n2', 'named']);
  assert.equal(site.registry.describe('n1')?.messages, 1, 'and nobody has the counts of another');
});

test('what is forgotten leaves nothing behind: no entry, no counts, no share of what all may keep', async (t) => {
  const site = await Site.start(t);
  const fields = Array.from({ length: 200 }, (_, n) => ({ name: `f${n}`, value: n }));
  for (let i = 0; i < 500; i++) site.says(`d${i}`, { fields });
  const count = (id: string) => site.registry.describe(id)!.fields.length;
  site.says('more', { fields });
  assert.deepEqual([count('d499'), count('more')], [200, 0], 'a hundred thousand values are all');
  await site.registry.forget('d0');
  site.says('more', { fields });
  assert.equal(count('more'), 200);
  site.wait(1_000);
  for (const { id } of site.registry.summaries()) await site.registry.forget(id);
  site.wait(300_000);
  await site.shelf.saved();
  assert.deepEqual([site.disk.keys('registry.devices'), site.disk.keys('registry.sights')], [[], []]);
});

test('a number is given once, also when counts are lost', async (t) => {
  const site = await Site.start(t);
  site.says('a');
  site.wait(1_000);
  await site.shelf.saved();
  await site.disk.apply([{ space: 'registry.sights', key: '0' }]);
  await site.crash();
  site.says('b');
  site.wait(1_000);
  await site.restart();
  assert.deepEqual(
    site.registry.summaries().map(({ id, messages }) => [id, messages]),
    [
      ['a', 0],
      ['b', 1],
    ],
  );
  assert.deepEqual(site.warnings, []);
});

test('what is damaged on the shelf is left out and told, and the rest is as it was', async (t) => {
  const site = await Site.start(t);
  for (const id of ['a', 'b', 'c']) site.says(id, { fields: { v: 1 }, sightings: [{ deviceId: id, name: `n-${id}` }] });
  await site.registry.stop();
  await site.shelf.saved();
  const space = 'registry.devices';
  const put = (key: string, text: string) => ({ space, key, value: Buffer.from(text) });
  await site.disk.apply([
    put('"b"', '{"number":1,"source"'),
    put('not json', '{}'),
    put('"d"', '{"number":"x"}'),
    put('"e"', '[]'),
    put('"f"', '{"number":7,"source":"mqtt","firstSeen":{"atMs":null,"quality":"synced"},"attributes":[],"topics":[]}'),
    { space: 'registry.sights', key: '9', value: Buffer.from('[[1,2]]') },
  ]);
  await site.run();
  const known = () => site.registry.summaries().map(({ id, toldName, messages }) => [id, toldName, messages]);
  assert.deepEqual(known(), [
    ['a', 'n-a', 1],
    ['c', 'n-c', 1],
  ]);
  assert.equal(site.warnings.length, 1);
  site.says('b');
  site.says('g');
  assert.deepEqual(known().slice(2), [
    ['b', null, 1],
    ['g', null, 1],
  ]);
  await site.restart();
  assert.equal(site.warnings.length, 1, 'and told once');
  assert.equal(site.registry.status().total, 4);
});

/** Any text, also such as JSON brings: halves of surrogate pairs, zeros, and texts that only look alike. */
const anyId = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('\ud800', '\udc00', '\ufffd', 'é', 'e\u0301', '\u0000', '', '__proto__', '"', '\\u0041', 'A', 'a'),
  fc.string({ maxLength: 4 }),
);

type Step =
  | { readonly do: 'say'; readonly id: string; readonly name: string; readonly value: number }
  | { readonly do: 'rename'; readonly id: string; readonly name: string }
  | { readonly do: 'forget'; readonly id: string }
  | { readonly do: 'wait'; readonly ms: number };

test('each id is one device, and a restart at any point is invisible but for presence', async (t) => {
  const id = anyId;
  const name = fc.string({ minLength: 1, maxLength: 5 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('say' as const), id, name, value: fc.integer() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), id, name }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), id }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400_000 }) }) },
  );
  const play = async (site: Site, one: Step): Promise<void> => {
    if (one.do === 'wait') site.wait(one.ms);
    else if (one.do === 'rename') await site.registry.change(one.id, { name: one.name });
    else if (one.do === 'forget') await site.registry.forget(one.id);
    else {
      const sightings: Sighting[] = [{ deviceId: one.id, name: one.name, attributes: [['v', one.value]] }];
      site.says(one.id, { topic: `t/${one.id}`, fields: { v: one.value }, sightings });
    }
  };
  /** All but what depends on what was heard in this run. */
  const lasting = (site: Site) =>
    site.registry
      .summaries()
      .map(({ presence, presenceSince, silentSeconds, ...rest }) => rest)
      .map((one) => ({ ...one, attributes: { ...site.registry.describe(one.id)!.attributes } }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat({ max: 25 }), async (steps, at) => {
      const site = await Site.start(t);
      const alive = new Set<string>();
      for (const [index, one] of steps.entries()) {
        if (index === at) await site.restart(0);
        await play(site, one);
        if (one.do === 'say') alive.add(one.id);
        if (one.do === 'forget') alive.delete(one.id);
      }
      assert.deepEqual(new Set(site.registry.summaries().map((device) => device.id)), alive);
      assert.equal(site.registry.status().total, alive.size);
      const before = lasting(site);
      await site.restart(0);
      assert.deepEqual(lasting(site), before);
      // The same steps without a restart.
      const other = await Site.start(t);
      for (const one of steps) await play(other, one);
      assert.deepEqual(lasting(other), before);
      await Promise.all([site.registry.stop(), other.registry.stop()]);
    }),
    { numRuns: 60 },
  );
});

test('a crash at any point leaves only devices that were there', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyId, { maxLength: 20 }), fc.nat({ max: 20 }), async (ids, savedUpTo) => {
      const site = await Site.start(t);
      for (const [index, id] of ids.entries()) {
        site.says(id);
        site.wait(1_000);
        if (index === savedUpTo) await site.shelf.saved();
      }
      const known = new Set(ids.slice(0, ids.length > savedUpTo ? savedUpTo + 1 : 0));
      await site.crash(0);
      assert.deepEqual(new Set(site.registry.summaries().map(({ id }) => id)), known);
      for (const id of ids) site.says(id);
      assert.equal(site.registry.status().total, new Set(ids).size);
      await site.registry.stop();
    }),
    { numRuns: 40 },
  );
});
