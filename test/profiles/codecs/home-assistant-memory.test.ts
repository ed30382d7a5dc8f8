import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Book } from '../../../src/profiles/codecs/home-assistant/book.ts';
import { describe } from '../../../src/profiles/codecs/home-assistant/description.ts';
import { createHomeAssistantCodec } from '../../../src/profiles/codecs/home-assistant/home-assistant.ts';
import { assertBounded, fieldsOf, inputOf } from './codec-support.ts';

type Codec = ReturnType<typeof createHomeAssistantCodec>;

const say = (codec: Codec, topic: string, payload: string | object) =>
  codec.decode(inputOf(typeof payload === 'string' ? payload : JSON.stringify(payload), { topic }));

const small = { maxReaders: 50, maxBytes: 100_000, maxReadersOfTopic: 20 };

function described(i: number, more: object = {}) {
  const text = JSON.stringify({ name: `N${i}`, stat_t: `t/${i}`, avty_t: `a/${i}`, uniq_id: `u${i}`, ...more });
  const at = { component: 'sensor', objectId: `o${i}`, isDefaultPrefix: true };
  const description = describe(at, text);
  assert.ok(typeof description === 'object');
  return { description, bytes: text.length };
}

test('a million devices that never say anything push out nothing but themselves', () => {
  const codec = createHomeAssistantCodec(small);
  say(codec, 'homeassistant/sensor/real/config', { name: 'Real', stat_t: 'real', dev: { ids: 'real' } });
  for (let i = 0; i < 2000; i++) {
    say(codec, `homeassistant/sensor/o${i}/config`, { name: 'N', stat_t: `t/${i}` });
    assert.deepEqual(fieldsOf(say(codec, 'real', '1')), { Real: 1 }, `after ${i}`);
  }
});

test('what the book holds is bounded, and nothing is left when all is taken back', () => {
  const book = new Book(small);
  for (let i = 0; i < 1000; i++) {
    const { description, bytes } = described(i, { avty_t: `shared/${i % 100}`, dev: { ids: `d${i % 70}` } });
    book.teach(`c/${i}`, description, bytes);
    const { readers, messages, topics, devices } = book.size;
    assert.ok(readers <= 50 && messages <= 50 && topics <= 100 && devices <= 50, JSON.stringify(book.size));
  }
  for (let i = 0; i < 1000; i++) book.forget(`c/${i}`);
  assert.deepEqual(book.size, { messages: 0, topics: 0, devices: 0, readers: 0 });
});

test('messages that describe no topic, and large ones, are bounded too', () => {
  const book = new Book(small);
  for (let i = 0; i < 1000; i++) {
    const { description, bytes } = described(i, { stat_t: undefined, padding: 'x'.repeat(i * 10) });
    book.teach(`c/${i}`, description, bytes);
  }
  assert.ok(book.size.messages < 100_000 / 500, JSON.stringify(book.size));
});

test('a topic that too many entities name is refused, and the ones there keep it', () => {
  const codec = createHomeAssistantCodec(small);
  const config = (i: number) => ({ name: `N${i}`, stat_t: 't', dev: { ids: 'd' } });
  for (let i = 0; i < 20; i++)
    assert.equal(say(codec, `homeassistant/sensor/o${i}/config`, config(i)).kind, 'discovery');
  const refused = say(codec, 'homeassistant/sensor/o20/config', config(20));
  assert.match(refused.failure ?? '', /The topic t is named by more than 20 entities/);
  assert.equal(say(codec, 'homeassistant/sensor/o3/config', config(3)).kind, 'discovery');
  assert.equal(Object.keys(fieldsOf(say(codec, 't', '1'))).length, 20);
});

test('a discovery topic stays one, also when somebody names it as a state topic', () => {
  const codec = createHomeAssistantCodec();
  say(codec, 'homeassistant/sensor/evil/config', { name: 'E', stat_t: 'homeassistant/sensor/good/config' });
  assert.equal(say(codec, 'homeassistant/sensor/good/config', { name: 'G', stat_t: 'g' }).isLesson, true);
  assert.deepEqual(fieldsOf(say(codec, 'g', '1')), { G: 1 });
});

test('the same message again changes nothing, also of what was said of it', () => {
  const codec = createHomeAssistantCodec();
  const topic = 'homeassistant/sensor/x/config';
  const config = { name: 'X', stat_t: 't', avty: [{ t: 'a' }, { t: 'b' }], avty_mode: 'all', uniq_id: 'u' };
  say(codec, topic, config);
  const first = say(codec, 'a', 'offline');
  assert.deepEqual([first.sightings, first.isLesson], [[{ device: 'x', presence: 'offline' }], true]);
  say(codec, topic, config);
  assert.deepEqual(say(codec, 'b', 'online').sightings, [{ device: 'x', presence: 'offline' }]);
  assert.deepEqual(say(codec, 'a', 'online').sightings, [{ device: 'x', presence: 'online' }]);
  assert.deepEqual(fieldsOf(say(codec, 't', '1')), { X: 1 });
});

test('a device is there while one of its entities is', () => {
  const codec = createHomeAssistantCodec();
  const config = (id: string) => ({ name: id, stat_t: `t${id}`, avty_t: `a${id}`, dev: { ids: 'd' } });
  for (const id of ['1', '2']) say(codec, `homeassistant/sensor/${id}/config`, config(id));
  const presence = (topic: string, payload: string) => say(codec, topic, payload).sightings?.[0]?.presence;
  assert.deepEqual(
    [presence('a1', 'online'), presence('a2', 'offline'), presence('a1', 'offline'), presence('a2', 'online')],
    ['online', 'online', 'offline', 'online'],
  );
  assert.equal(presence('a1', 'something else'), undefined);
});

test('lessons in any order teach the same', () => {
  const lessons = [
    ['homeassistant/sensor/a/config', { name: 'T', stat_t: 't', val_tpl: '{{ value_json.a }}', dev: { ids: 'd' } }],
    ['homeassistant/sensor/b/config', { name: 'T', stat_t: 't', val_tpl: '{{ value_json.b }}', dev: { ids: 'd' } }],
    [
      'homeassistant/device/d/config',
      { dev: { ids: 'd' }, cmps: { c: { p: 'sensor', name: 'C', stat_t: 't', val_tpl: '{{ value_json.c }}' } } },
    ],
  ] as const;
  const results = [lessons, lessons.toReversed()].map((order) => {
    const codec = createHomeAssistantCodec();
    for (const [topic, payload] of order) assert.equal(say(codec, topic, payload).isLesson, true);
    return fieldsOf(say(codec, 't', '{"a":1,"b":2,"c":3}'));
  });
  assert.deepEqual(results[0], { 'T (a)': 1, 'T (b)': 2, C: 3 });
  assert.deepEqual(results[1], results[0]);
});

type Claimed = readonly [topic: string, payload: string | object, reason: RegExp | undefined];

const claims: readonly Claimed[] = [
  ['homeassistant/sensor/x/config', { stat_t: 't' }, /discovery message for a sensor/],
  ['homeassistant/device/x/config', { cmps: {} }, /discovery message for a device/],
  ['homeassistant/sensor/x/config', '', /takes an entity back/],
  ['homeassistant/status', 'online', /whether it is running/],
  ['my/prefix/sensor/node/x/config', { stat_t: 't' }, /discovery message for a sensor/],
  ['t', '1', /names it as the state topic of X \(d\)/],
  ['a', 'online', /names it as the availability topic of d/],
  ['j', '{}', /names it as the attributes topic of X/],
  ['my/prefix/sensor/node/x/config', { interval: 5 }, undefined],
  ['my/prefix/sensor/node/x/config', '', undefined],
  ['homeassistant/sensor/x/config', 'no json', undefined],
  ['homeassistant/nothing/x/config', { stat_t: 't' }, undefined],
  ['homeassistant/sensor/a/b/c/config', { stat_t: 't' }, undefined],
  ['tasmota/discovery/DC4F220848A2/config', { ip: '192.168.15.10', dn: 'Tasmota', t: 'tasmota_49A3BC' }, undefined],
  ['sensor/x/config', { stat_t: 't' }, undefined],
  ['t/other', '1', undefined],
];

for (const [topic, payload, reason] of claims) {
  test(`whether ${topic} is claimed with ${JSON.stringify(payload).slice(0, 40)}`, () => {
    const codec = createHomeAssistantCodec();
    const config = { name: 'X', stat_t: 't', avty_t: 'a', json_attr_t: 'j', dev: { ids: 'd' } };
    say(codec, 'homeassistant/sensor/known/config', config);
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const claim = codec.claims?.(topic, Buffer.from(text));
    if (reason === undefined) return assert.equal(claim, undefined);
    assert.match(claim?.reason ?? '', reason);
    // What a discovery message names gives way to a convention that knows its own topics.
    assert.equal(claim?.confidence, /names it as/.test(String(reason)) ? 0.9 : 0.98);
  });
}

test('hints name values by their path', () => {
  const codec = createHomeAssistantCodec();
  const uptime = {
    name: 'Uptime Sensor',
    stat_t: 'fazole/sensor/uptime_sensor/state',
    unit_of_meas: 's',
    stat_cla: 'measurement',
  };
  say(codec, 'homeassistant/sensor/fazole/uptime_sensor/config', uptime);
  say(codec, 'homeassistant/sensor/z/t/config', {
    name: 'T',
    stat_t: 'z',
    unit_of_meas: '°C',
    val_tpl: '{{ value_json.a["b"] | round(1) }}',
  });
  say(codec, 'homeassistant/sensor/z/u/config', { name: 'U', stat_t: 'z', val_tpl: '{{ value_json.c * 2 }}' });
  assert.deepEqual(codec.hints?.('fazole/sensor/uptime_sensor/state'), [
    { path: '', name: 'Uptime Sensor', unit: 's' },
  ]);
  assert.deepEqual(codec.hints?.('z'), [{ path: 'a.b', name: 'T', unit: 'Cel' }]);
  assert.deepEqual(codec.hints?.('other'), []);
});

test('whatever is announced, taken back and said, in any order', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const template = fc.constantFrom('{{ value_json.a }}', '{{ value }}', '{{ beyond() }}');
  const entity = fc.record(
    { name: id, stat_t: id, avty_t: id, json_attr_t: id, uniq_id: id, val_tpl: template, dev: fc.record({ ids: id }) },
    { requiredKeys: [] },
  );
  const whole = fc.record({
    dev: fc.record({ ids: id }),
    cmps: fc.dictionary(
      id,
      entity.map((one) => ({ p: 'sensor', ...one })),
    ),
  });
  const step = fc.oneof(
    fc.tuple(
      id.map((one) => `homeassistant/sensor/${one}/config`),
      fc.option(entity, { nil: '' }),
    ),
    fc.tuple(
      id.map((one) => `homeassistant/device/${one}/config`),
      fc.option(whole, { nil: '' }),
    ),
    fc.tuple(id, fc.constantFrom('1', 'online', 'offline', { a: 1, state: 'online' }, '')),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const codec = createHomeAssistantCodec({ maxReaders: 8, maxBytes: 20_000, maxReadersOfTopic: 4 });
      for (const [topic, payload] of steps) assertBounded(say(codec, topic, payload));
      for (const one of ['a', 'b', 'c']) {
        for (const component of ['sensor', 'device']) say(codec, `homeassistant/${component}/${one}/config`, '');
      }
      // Nothing is left of what was taken back.
      for (const one of ['a', 'b', 'c']) assert.equal(codec.claims?.(one, Buffer.from('1')), undefined);
    }),
    { numRuns: 500 },
  );
});

test('a large message that a thousand entities look at is gone through once', () => {
  const codec = createHomeAssistantCodec();
  const decode = (topic: string, text: string) =>
    codec.decode({
      topic,
      payload: Buffer.from(text),
      receivedAtMs: 0,
      limits: { maxDepth: 8, maxFields: 200 },
      captures: new Map(),
    });
  for (let i = 0; i < 1_000; i++) {
    const [attributes, inner] = [
      { json_attr_t: 'all/attributes' },
      { json_attr_t: 'all/inner', json_attr_tpl: '{{ value_json.x }}' },
    ];
    const config = { name: `n${i}`, uniq_id: `u${i}`, stat_t: `s/${i}`, ...(i % 2 === 0 ? attributes : inner) };
    decode(`homeassistant/sensor/x${i}/config`, JSON.stringify(config));
  }
  const large = `{"a":[${'{},'.repeat(300_000)}{}]}`;
  const started = process.cpuUsage();
  decode('all/attributes', large);
  decode('all/inner', JSON.stringify({ x: large }));
  const { user } = process.cpuUsage(started);
  assert.ok(user < 4_000_000, `${user / 1_000} ms`);
});
