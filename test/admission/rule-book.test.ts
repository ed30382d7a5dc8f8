import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handlingText } from '../../src/admission/describe.ts';
import { RuleBook } from '../../src/admission/rule-book.ts';
import type { Message } from '../../src/core/message.ts';
import { decodedOf, messageOf, rulesOf } from './fixtures.ts';

const handlingOf = (book: RuleBook, message: Message) => book.decide(message, decodedOf('d'), 0).handling;

test('other rules hold from the next message on; what stays the same stays the same object', () => {
  const yaml = '[{ name: a, match: { topic: a }, priority: bulk }, { name: b, match: { topic: b }, ttl: 1h }]';
  const book = new RuleBook(rulesOf(yaml));
  const before = ['a', 'b', 'c'].map((topic) => handlingOf(book, messageOf(topic)));
  assert.deepEqual(
    before.map(({ rule }) => rule),
    ['a', 'b', 'default'],
  );

  assert.equal(book.replace(rulesOf(yaml)), false, 'nothing is different');
  const changed =
    '[{ name: c, match: { topic: c } }, { name: a, match: { topic: +/x }, priority: bulk }, { name: b, match: { topic: b }, ttl: 2h }]';
  assert.equal(book.replace(rulesOf(changed)), true);
  assert.deepEqual(
    ['a', 'b', 'c', 'a/x'].map((topic) => handlingOf(book, messageOf(topic)).rule),
    ['default', 'b', 'c', 'a'],
  );
  assert.equal(handlingOf(book, messageOf('a/x')), before[0]);
  assert.notEqual(handlingOf(book, messageOf('b')), before[1]);
  assert.deepEqual(before[1]?.ttlMs, 3_600_000, 'what was decided is not touched');
  assert.equal(handlingOf(book, messageOf('z')), before[2]);

  assert.equal(book.replace([]), true);
  assert.equal(handlingOf(book, messageOf('a/x')), before[2]);
});

test('a replaced rule starts thinning anew, the same rules go on', () => {
  const yaml = '[{ name: a, thin: { every: 1h } }]';
  const book = new RuleBook(rulesOf(yaml));
  const verdict = () => book.decide(messageOf('t'), decodedOf('d'), 0).verdict;
  assert.equal(verdict(), 'keep');
  book.replace(rulesOf(yaml));
  assert.equal(verdict(), 'thinned');
  book.replace(rulesOf('[{ name: a, thin: { every: 2h } }]'));
  assert.equal(verdict(), 'keep');
});

test('the description holds every effective value, the built-in rules last', () => {
  const book = new RuleBook(
    rulesOf(`
- name: alarms
  match: { topic: alarm/#, mqttQos: 1 }
  priority: critical
  ttl: 30d
  maxBytes: 200MB
- name: chatter
  match: { device: k*, source: mqtt, profile: p, field: f }
  thin: { deadband: { t: 0.2, h: 5 } }
- { name: private, priority: bulk, durability: memory, forward: false }
`),
  );
  const none = { ttlMs: null, maxBytes: null };
  assert.deepEqual(JSON.parse(JSON.stringify(book.describe())), [
    {
      name: 'alarms',
      isBuiltIn: false,
      match: { topic: 'alarm/#', mqttQos: 1 },
      matches: 'topic alarm/#, MQTT QoS 1',
      handlings: [
        {
          of: 'all',
          priority: 'critical',
          durability: 'local',
          ttlMs: 30 * 86_400_000,
          whenFull: 'block',
          maxBytes: 200_000_000,
        },
      ],
      thin: null,
      thins: null,
      forward: true,
      hiddenBy: null,
    },
    {
      name: 'chatter',
      isBuiltIn: false,
      match: { device: 'k*', source: 'mqtt', profile: 'p', field: 'f' },
      matches: 'source mqtt, device k*, profile p, field f',
      handlings: [
        { of: 'mqtt-qos-0', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest', ...none },
        { of: 'others', priority: 'normal', durability: 'local', whenFull: 'dropOldest', ...none },
      ],
      thin: {
        kind: 'deadband',
        bands: [
          ['t', 0.2],
          ['h', 5],
        ],
      },
      thins: 'keeps a record when t has moved by 0.2 or h has moved by 5',
      forward: true,
      hiddenBy: null,
    },
    {
      name: 'private',
      isBuiltIn: false,
      match: {},
      matches: 'every message',
      handlings: [{ of: 'all', priority: 'bulk', durability: 'memory', whenFull: 'dropOldest', ...none }],
      thin: null,
      thins: null,
      forward: false,
      hiddenBy: null,
    },
    {
      name: 'default-qos0',
      isBuiltIn: true,
      match: { mqttQos: 0 },
      matches: 'MQTT QoS 0',
      handlings: [{ of: 'all', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest', ...none }],
      thin: null,
      thins: null,
      forward: true,
      hiddenBy: 'private',
    },
    {
      name: 'default',
      isBuiltIn: true,
      match: {},
      matches: 'every message',
      handlings: [{ of: 'all', priority: 'normal', durability: 'local', whenFull: 'dropOldest', ...none }],
      thin: null,
      thins: null,
      forward: true,
      hiddenBy: 'private',
    },
  ]);
});

test('a rule that can never hold is told by which', () => {
  const book = new RuleBook(
    rulesOf(`
- { name: a, match: { topic: x/# } }
- { name: b, match: { topic: x/#, device: d } }
- { name: c, match: { device: d } }
- { name: d, match: { topic: y } }`),
  );
  assert.deepEqual(
    book.describe().map(({ hiddenBy }) => hiddenBy),
    [null, 'a', null, null, null, null],
  );
});

test('an explanation says which rule, why, and why none before it', () => {
  const book = new RuleBook(
    rulesOf(`
- { name: alarms, match: { topic: alarm/# }, priority: critical }
- { name: serial, match: { source: serial, device: k*, field: t } }
- { name: profiled, match: { profile: p, field: t, mqttQos: 2 } }
- { name: kitchen, match: { topic: +/kitchen, device: k*, source: mqtt, field: h, mqttQos: 1 }, thin: { every: 90s }, ttl: 90m, maxBytes: 2MB }
- { name: rest, match: { source: rest }, forward: false, thin: { onChange: true } }
`),
  );
  const { handling, ...rest } = book.explain(messageOf('a/kitchen'), decodedOf('k', { h: 1 }));
  assert.equal(handlingText(handling), 'normal, local, dropOldest, for 90 min, up to 2.0 MB');
  assert.deepEqual(rest, {
    rule: 'kitchen',
    isBuiltIn: false,
    because:
      'topic +/kitchen matches a/kitchen; the source is mqtt; device k* matches k; it has the field h; its MQTT QoS is 1',
    thins: 'keeps the first record in each 90 s, by device, topic and tags',
    forward: true,
    passedOver: [
      { rule: 'alarms', because: 'topic alarm/# does not match a/kitchen' },
      {
        rule: 'serial',
        because: 'the source is mqtt, not serial; field t is asked for, and it has no such field',
      },
      {
        rule: 'profiled',
        because:
          'it was decoded without a profile, not by p; field t is asked for, and it has no such field; its MQTT QoS is 1, not 2',
      },
    ],
  });
  const rows: readonly (readonly [message: Message, rule: string, because: string, last: string])[] = [
    [messageOf('x', { mqttQos: 0 }), 'default-qos0', 'its MQTT QoS is 0', 'the source is mqtt, not rest'],
    [messageOf('x', { mqttQos: 2 }), 'default', 'no other rule does', 'its MQTT QoS is 2, not 0'],
    [
      { source: 'grpc', topic: 'x', payload: new Uint8Array() },
      'default',
      'no other rule does',
      'it has no MQTT QoS, so not 0',
    ],
  ];
  for (const [message, rule, because, last] of rows) {
    const explanation = book.explain(message, decodedOf('z'));
    assert.deepEqual([explanation.rule, explanation.because], [rule, because]);
    assert.equal(explanation.passedOver.at(-1)?.because, last);
    assert.equal(explanation.rule, book.decide(message, decodedOf('z'), 0).handling.rule);
  }
  const { forward, thins } = book.explain({ source: 'rest', topic: 'x', payload: new Uint8Array() }, decodedOf('z'));
  assert.deepEqual({ forward, thins }, { forward: false, thins: null });
});

test('explaining does not count as a record', () => {
  const book = new RuleBook(rulesOf('[{ name: a, thin: { every: 1h } }]'));
  book.explain(messageOf('t'), decodedOf('d'));
  assert.equal(book.decide(messageOf('t'), decodedOf('d'), 0).verdict, 'keep');
});

test('time is only asked for while a rule thins, and something is forwarded that it could leave out', () => {
  const book = new RuleBook([]);
  assert.equal(book.needsTime, false);
  book.replace(rulesOf('[{ name: a, match: { topic: a }, priority: bulk }]'));
  assert.equal(book.needsTime, false);
  book.replace(rulesOf('[{ name: a, match: { topic: a } }, { name: b, thin: { every: 1h } }]'));
  assert.equal(book.needsTime, true);
  book.replace([]);
  assert.equal(book.needsTime, false);
});
