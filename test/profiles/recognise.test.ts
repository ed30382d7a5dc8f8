import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { topicMatches } from '../../src/lib/topic-filter.ts';
import { WorkBudget } from '../../src/lib/work-budget.ts';
import { Adoptions } from '../../src/profiles/adoptions.ts';
import type { Codec } from '../../src/profiles/codec.ts';
import { measured } from '../../src/profiles/codec.ts';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { compileProfile } from '../../src/profiles/language/compile.ts';
import type { ProfileOptions } from '../../src/profiles/language/options.ts';
import { topicPattern } from '../../src/profiles/language/topic-pattern.ts';
import { Recogniser } from '../../src/profiles/recognise.ts';
import { templateOf } from '../../src/profiles/topic-index.ts';
import type { Binding } from '../../src/profiles/topics.ts';

const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const at = Date.UTC(2026, 10, 25);

function profile(name: string, ...messages: NonNullable<ProfileOptions['messages']>) {
  return compileProfile(name, { name: name.toUpperCase(), version: 1, messages });
}

const exact = profile('a/exact', {
  match: { topic: ['exact/{device}/state'], keys: ['t'], confidence: 0.97, reason: 'its topic' },
});
const weak = profile(
  'b/weak',
  { match: { topic: ['{device}/sensor/{what}/state'], confidence: 0.9 }, decode: 'value', as: '{what}' },
  { match: { topic: ['{device}/status'] }, availability: { online: ['online'], offline: ['offline'] } },
);
const guess = profile('c/guess', { match: { keys: ['t'], confidence: 0.99, reason: 'it has a t' } });

function messageOf(topic: string, payload: string) {
  return { source: 'mqtt', topic, payload: Buffer.from(payload) };
}

test('exact conventions come first, and what payloads look like counts for 0.94 at the most', () => {
  const recogniser = new Recogniser([guess, weak, exact], () => undefined, new Adoptions());
  const tell = (topic: string, payload: string, isAll = true) =>
    recogniser
      .find(topic, Buffer.from(payload), isAll)
      .map(({ profile, confidence, reason }) => `${profile} ${confidence} ${reason}`);
  assert.deepEqual(tell('exact/1/state', '{"t":1}'), ['a/exact 0.97 its topic', 'c/guess 0.94 it has a t']);
  // Nobody looks further when that is all that is asked.
  assert.deepEqual(tell('exact/1/state', '{"t":1}', false), ['a/exact 0.97 its topic']);
  assert.deepEqual(tell('n/sensor/x/state', '{"t":1}', false), [
    'c/guess 0.94 it has a t',
    'b/weak 0.9 its topic and keys',
  ]);
  assert.deepEqual(tell('exact/1/state', '{"u":1}'), []);
  assert.deepEqual(tell('$exact/1/state', '{"u":1}'), []);
});

test('another topic of a device that is known is its own', () => {
  const decoder = new ProfileDecoder({ options, profiles: [weak] });
  assert.equal(decoder.decode(messageOf('node/status', 'online'), at).profile, undefined);
  decoder.decode(messageOf('node/sensor/x/state', '1'), at);
  assert.deepEqual(decoder.suggest('node/status', Buffer.from('online')), [
    {
      ...decoder.suggest('node/status', Buffer.from('online'))[0],
      profile: 'b/weak',
      confidence: 0.9,
      reason: 'another topic of this device is decoded by B/WEAK',
    },
  ]);
  const decoded = decoder.decode(messageOf('node/status', 'online'), at);
  assert.deepEqual([decoded.kind, decoded.profile?.name], ['availability', 'b/weak']);
  assert.equal(decoder.decode(messageOf('other/status', 'online'), at).profile, undefined);
});

test('what says something of the topic itself comes before what else its device has sent', () => {
  const rival = profile('z/rival', { match: { topic: ['{any}/status'], keys: ['t'], confidence: 0.9 } });
  const decoder = new ProfileDecoder({ options, profiles: [weak, rival] });
  decoder.decode(messageOf('node/sensor/x/state', '1'), at);
  const names = (payload: string) => decoder.suggest('node/status', Buffer.from(payload)).map((one) => one.profile);
  assert.deepEqual(names('{"t":1}'), ['z/rival', 'b/weak']);
  assert.deepEqual(names('online'), ['b/weak']);
});

test('a device of which people adopted a topic is known as well, until they take it back', () => {
  let isAdopted = true;
  const bindingOf = (topic: string): Binding | undefined =>
    isAdopted && topic === 'n/sensor/y/state' ? { kind: 'adopted', profile: 'd/shy' } : undefined;
  const shy = profile(
    'd/shy',
    { match: { topic: ['{device}/sensor/{what}/state'], confidence: 0.8 }, decode: 'value', as: '{what}' },
    { match: { topic: ['{device}/status'] }, availability: { online: ['online'], offline: ['offline'] } },
  );
  const decoder = new ProfileDecoder({ options, profiles: [shy], bindingOf });
  const confidence = () => decoder.suggest('n/status', Buffer.from('online'))[0]?.confidence;
  assert.equal(confidence(), undefined);
  decoder.decode(messageOf('n/sensor/y/state', '1'), at);
  assert.equal(confidence(), 0.9);
  isAdopted = false;
  decoder.bindingsChanged();
  assert.equal(confidence(), undefined);
});

test('what was adopted by itself stays so when something surer comes, also in another run', () => {
  const before = new Adoptions();
  const kept: string[] = [];
  before.changed = (key) => kept.push(key);
  const first = new ProfileDecoder({ options, profiles: [weak], adoptions: before });
  first.decode(messageOf('exact/sensor/x/state', '{"t":1}'), at);
  assert.deepEqual(kept, ['b/weak\n{device}/sensor/{what}/state\nexact']);
  const after = new Adoptions();
  for (const key of kept) assert.ok(after.restore(key));
  const second = new ProfileDecoder({ options, profiles: [guess, weak], adoptions: after });
  assert.equal(second.decode(messageOf('exact/sensor/x/state', '{"t":1}'), at).profile?.name, 'b/weak');
  assert.equal(second.decode(messageOf('new/sensor/x/state', '{"t":1}'), at).profile?.name, 'c/guess');
  // Until it is taken back.
  after.forget((pattern, name) => pattern !== '' && name === 'exact');
  second.bindingsChanged();
  assert.equal(second.decode(messageOf('exact/sensor/x/state', '{"t":1}'), at).profile?.name, 'c/guess');
});

test("a profile of people's own takes over what was adopted by itself, as they put it there", () => {
  const adoptions = new Adoptions();
  const sure = profile('mine/sure', { match: { topic: ['{device}/sensor/#'], confidence: 0.96 } });
  const payload = '{"t":1}';
  const take = (isOwn: (name: string) => boolean) =>
    new ProfileDecoder({ options, profiles: [weak, sure], adoptions, isOwn }).decode(
      messageOf('n/sensor/x/state', payload),
      at,
    ).profile?.name;
  new ProfileDecoder({ options, profiles: [weak], adoptions }).decode(messageOf('n/sensor/x/state', payload), at);
  assert.equal(
    take(() => false),
    'b/weak',
  );
  assert.equal(
    take((name) => name === 'mine/sure'),
    'mine/sure',
  );
});

test('adoptions are bounded, and a profile that is gone holds nothing', () => {
  const adoptions = new Adoptions(2);
  for (const topic of ['a', 'b', 'c', 'c']) adoptions.remember('x/y', topic, undefined);
  adoptions.remember('x/y', 'd'.repeat(1_000), undefined);
  assert.deepEqual([adoptions.size, adoptions.refused, adoptions.profileOf('c')], [2, 3, undefined]);
  for (const wrong of ['', 'x', 'x/y\n', 'x/y\n\n', '\n\na'])
    assert.equal(new Adoptions().restore(wrong), false, wrong);
  const recogniser = new Recogniser([exact], () => undefined, adoptions);
  assert.equal(recogniser.remembered('a', Buffer.from('x')), undefined);
});

test('finding out what topics are has a share of the time; beyond it they are decoded by the general rules', () => {
  let now = 0;
  let looks = 0;
  const slow: Codec = {
    decode: () => measured([], true),
    claims: () => {
      looks++;
      now += 10;
      return undefined;
    },
  };
  const recogniser = new Recogniser([profile('s/slow', { codec: 'slow' })], () => slow, new Adoptions());
  const budget = new WorkBudget(0.1, 100, () => now);
  const look = (topic: string) => budget.spend(() => recogniser.find(topic, Buffer.from('x')));
  let postponed = 0;
  for (let i = 0; i < 1_000_000 / 1_000; i++) if (look(`t/${i}`) === undefined) postponed++;
  assert.equal(looks + postponed, 1_000);
  // So many at once, and then as time goes by.
  assert.ok(looks >= 10 && looks <= 12, `${looks}`);
  now += 10_000;
  for (let i = 0; i < 100; i++) look(`u/${i}`);
  assert.ok(looks >= 20 && looks <= 24, `${looks}`);
});

test('a topic that there was no time for is looked at with its next message', () => {
  let now = 0;
  const budget = new WorkBudget(0.1, 5, () => now);
  const decoder = new ProfileDecoder({ options, profiles: [exact], budget });
  budget.spend(() => {
    now += 1_000;
    return true;
  });
  assert.equal(decoder.decode(messageOf('exact/1/state', '{"t":1}'), at).profile, undefined);
  assert.equal(decoder.postponed, 1);
  now += 100_000;
  assert.equal(decoder.decode(messageOf('exact/1/state', '{"t":1}'), at).profile?.name, 'a/exact');
});

test('topics become templates', () => {
  const rows = [
    ['tele/{device}/SENSOR', 'tele/kitchen/SENSOR', 'tele/+/SENSOR'],
    ['{device...}/events/rpc', 'a/b/events/rpc', '+/+/events/rpc'],
    ['{device...}/status/{component}', 'a/status/switch:0', '+/status/+'],
    ['shellies/{device}/{metric...}', 'shellies/x/relay/0', 'shellies/+/#'],
    ['rtl_433/{host}/#', 'rtl_433/h/devices/x', 'rtl_433/+/#'],
    ['rtl_433/{host}/#', 'rtl_433/h', 'rtl_433/+/#'],
    ['a-{id}/+', 'a-1/', '+/+'],
  ] as const;
  for (const [pattern, topic, template] of rows) {
    assert.equal(templateOf(pattern, topic), template);
    assert.ok(topicMatches(template, topic));
  }
});

test('a template matches the topic that it is of', () => {
  const level = fc.constantFrom<string>('a', 'b-{x}', '{d}', '+', 'c');
  const part = fc.constantFrom('a', 'b-1', '', 'c', 'ü', '7');
  fc.assert(
    fc.property(
      fc.array(level, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(-1, 0, 1, 2),
      fc.constantFrom('', '/#'),
      fc.array(part, { minLength: 1, maxLength: 7 }),
      (levels, many, end, topicLevels) => {
        const named = levels.map((one, index) => one.replace('{x}', `{x${index}}`).replace('{d}', `{d${index}}`));
        if (many >= 0) named.splice(many, 0, '{many...}');
        const pattern = named.join('/') + end;
        const topic = topicLevels.join('/');
        if (topicPattern(pattern).match(topic) !== undefined) {
          const template = templateOf(pattern, topic);
          assert.ok(topicMatches(template, topic), `${template} ${topic}`);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
