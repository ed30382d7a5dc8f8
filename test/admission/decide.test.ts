import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide, newDecideState } from '../../src/admission/decide.ts';
import type { RuleOptions } from '../../src/admission/options.ts';
import { compileRules } from '../../src/admission/rules.ts';
import type { Decoded } from '../../src/core/decoded.ts';
import type { Message } from '../../src/core/message.ts';
import { decodedOf, messageOf, rulesOf } from './fixtures.ts';

/** Decides about one message by rules in YAML. */
function decided(yaml: string, message: Message, decoded: Decoded = decodedOf(message.topic)) {
  return decide(compileRules(rulesOf(yaml)), newDecideState(), message, decoded, 0);
}

test('without a rule: QoS 0 is bulk and relaxed, everything else normal and local; always the same objects', () => {
  const rules = compileRules([]);
  const state = newDecideState();
  const of = (message: Message) => decide(rules, state, message, decodedOf('d'), 0);
  assert.deepEqual(of(messageOf('a', { mqttQos: 0 })), {
    handling: { rule: 'default-qos0', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest' },
    verdict: 'keep',
  });
  const normal = {
    handling: { rule: 'default', priority: 'normal', durability: 'local', whenFull: 'dropOldest' },
    verdict: 'keep',
  };
  for (const mqttQos of [1, 2] as const) assert.deepEqual(of(messageOf('a', { mqttQos })), normal);
  assert.deepEqual(of({ source: 'rest', topic: 'a', payload: new Uint8Array() }), normal);
  assert.equal(of(messageOf('a')), of(messageOf('b')));
  assert.equal(of(messageOf('a', { mqttQos: 0 })), of(messageOf('b', { mqttQos: 0 })));
});

test('what no rule matches is decided as if there were none', () => {
  const yaml = '[{ name: other, match: { topic: x/# }, priority: critical }]';
  assert.equal(decided(yaml, messageOf('a', { mqttQos: 0 })).handling.rule, 'default-qos0');
  assert.equal(decided(yaml, messageOf('a')).handling.rule, 'default');
});

test('each condition is held against the message, and all must hold', () => {
  const message = messageOf('site/kitchen/state', { mqttQos: 2 });
  const decoded = decodedOf('kitchen-1', { t: 21, 'air.h': 40 }, 'acme/th1');
  const rows: readonly (readonly [match: string, matches: boolean])[] = [
    ['topic: site/#', true],
    ['topic: site/+', false],
    ['source: mqtt', true],
    ['source: serial', false],
    ['device: kitchen-1', true],
    ['device: kitchen-*', true],
    ['device: kitchen', false],
    ['device: "*en-1"', true],
    ['profile: acme/th1', true],
    ['profile: acme/th2', false],
    ['profile: acme/*', true],
    ['profile: "*/th1"', true],
    ['profile: acme', false],
    ['kind: measurement', true],
    ['kind: log', false],
    ['field: air.h', true],
    ['field: air', false],
    ['mqttQos: 2', true],
    ['mqttQos: 1', false],
    ['topic: site/#, source: mqtt, device: k*, profile: acme/th1, kind: measurement, field: t, mqttQos: 2', true],
    ['topic: site/#, source: mqtt, device: k*, profile: acme/th1, field: t, mqttQos: 0', false],
    ['topic: other, device: kitchen-1', false],
  ];
  for (const [match, matches] of rows) {
    const { rule } = decided(`[{ name: it, match: { ${match} } }]`, message, decoded).handling;
    assert.equal(rule, matches ? 'it' : 'default', match);
  }
  const raw = { source: 'rest', topic: 'site', payload: new Uint8Array() };
  assert.equal(decided('[{ name: it, match: { mqttQos: 0 } }]', raw).handling.rule, 'default');
  assert.equal(decided('[{ name: it, match: { profile: "*" } }]', raw).handling.rule, 'default');
  assert.equal(decided('[{ name: it, match: { kind: raw } }]', raw).handling.rule, 'it');
});

test('the first that matches holds', () => {
  const yaml = `
- { name: fine, match: { topic: a/b } }
- { name: coarse, match: { topic: a/# } }
- { name: all }
- { name: never }`;
  const names = ['a/b', 'a/c', 'z'].map((topic) => decided(yaml, messageOf(topic)).handling.rule);
  assert.deepEqual(names, ['fine', 'coarse', 'all']);
});

test('what a rule leaves open is what would hold without it, by QoS; the rest has its defaults', () => {
  const rows: readonly (readonly [yaml: string, qos0: object, others: object])[] = [
    [
      'ttl: 1h',
      { priority: 'bulk', durability: 'relaxed', ttlMs: 3_600_000, whenFull: 'dropOldest' },
      { priority: 'normal', durability: 'local', ttlMs: 3_600_000, whenFull: 'dropOldest' },
    ],
    [
      'priority: critical',
      { priority: 'critical', durability: 'relaxed', whenFull: 'block' },
      { priority: 'critical', durability: 'local', whenFull: 'block' },
    ],
    [
      'durability: anywhere, maxBytes: 64KiB',
      { priority: 'bulk', durability: 'anywhere', whenFull: 'dropOldest', maxBytes: 65_536 },
      { priority: 'normal', durability: 'anywhere', whenFull: 'dropOldest', maxBytes: 65_536 },
    ],
    [
      'priority: bulk, durability: memory, whenFull: dropNewest',
      { priority: 'bulk', durability: 'memory', whenFull: 'dropNewest' },
      { priority: 'bulk', durability: 'memory', whenFull: 'dropNewest' },
    ],
    [
      'priority: normal, durability: local, whenFull: block',
      { priority: 'normal', durability: 'local', whenFull: 'block' },
      { priority: 'normal', durability: 'local', whenFull: 'block' },
    ],
  ];
  for (const [yaml, qos0, others] of rows) {
    const rules = compileRules(rulesOf(`[{ name: it, ${yaml} }]`));
    const state = newDecideState();
    const [first, second] = ([0, 1] as const).map(
      (mqttQos) => decide(rules, state, messageOf('a', { mqttQos }), decodedOf('a'), 0).handling,
    );
    assert.deepEqual(first, { rule: 'it', ...qos0 }, yaml);
    assert.deepEqual(second, { rule: 'it', ...others }, yaml);
    const rest = decide(rules, state, { source: 'rest', topic: 'a', payload: new Uint8Array() }, decodedOf('a'), 0);
    assert.equal(rest.handling, second, `${yaml}: one object a variant`);
    assert.equal(first === second, JSON.stringify(qos0) === JSON.stringify(others), `${yaml}: two only if they differ`);
    assert.ok(Object.isFrozen(first) && Object.isFrozen(second));
  }
});

test('a rule may keep records from the collector, and then thins nothing', () => {
  const yaml = '[{ name: it, forward: false, thin: { every: 1h } }]';
  const rules = compileRules(rulesOf(yaml));
  const state = newDecideState();
  for (let i = 0; i < 3; i++)
    assert.equal(decide(rules, state, messageOf('a'), decodedOf('a'), 0).verdict, 'not-forwarded');
});

// The oracle: what a rule says, read anew for each message, in words as plain as can be.
function naiveRuleFor(rules: readonly RuleOptions[], message: Message, decoded: Decoded): string {
  const isTopic = (filter: string) => {
    const levels = filter
      .split('/')
      .map((level) => (level === '+' ? '[^/]*' : level === '#' ? '.*' : level.replace('$', '\\$')));
    const open = filter.endsWith('/#') ? `${levels.slice(0, -1).join('/')}(?:/.*)?` : levels.join('/');
    return !(message.topic.startsWith('$') && /^[+#]/.test(filter)) && new RegExp(`^${open}$`).test(message.topic);
  };
  for (const { name, match = {} } of rules) {
    if (match.topic !== undefined && !isTopic(match.topic)) continue;
    if (match.source !== undefined && match.source !== message.source) continue;
    const [{ deviceId, fields }] = decoded.measurements;
    if (match.device !== undefined && !new RegExp(`^${match.device.replaceAll('*', '.*')}$`).test(deviceId)) continue;
    if (match.profile !== undefined && match.profile !== decoded.profile?.name) continue;
    if (match.kind !== undefined && match.kind !== decoded.kind) continue;
    if (match.field !== undefined && !fields.some((field) => field.name === match.field)) continue;
    if (match.mqttQos !== undefined && match.mqttQos !== message.mqttQos) continue;
    return name;
  }
  return message.mqttQos === 0 ? 'default-qos0' : 'default';
}

const level = fc.constantFrom('a', 'b', '$c', '');
const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/') || 'a');
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 3 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/') || '#');
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const match = fc.record(
  {
    topic: filter,
    source: fc.constantFrom('mqtt', 'rest'),
    device: fc.constantFrom('d1', 'd*', '*2'),
    profile: fc.constantFrom('p', 'q'),
    kind: fc.constantFrom('measurement', 'raw'),
    field: fc.constantFrom('t', 'h'),
    mqttQos: qos,
  },
  { requiredKeys: [] },
);
const someRules = fc
  .array(fc.record({ match, forward: fc.boolean() }), { maxLength: 6 })
  .map((rules) => rules.map((rule, index) => ({ name: `rule ${index}`, ...rule })));
const someMessages = fc.array(
  fc.record({
    message: fc.record({
      source: fc.constantFrom('mqtt', 'rest'),
      topic,
      payload: fc.constant(new Uint8Array()),
      mqttQos: qos,
    }),
    decoded: fc
      .tuple(fc.constantFrom('d1', 'd2', 'e2'), fc.subarray(['t', 'h']), fc.constantFrom('p', 'q', undefined))
      .map(([deviceId, names, profile]) =>
        decodedOf(deviceId, Object.fromEntries(names.map((name) => [name, 1])), profile),
      ),
  }),
  { maxLength: 40 },
);

test('for any rules and messages: the rule found by cache is the first that matches', () => {
  fc.assert(
    fc.property(someRules, someMessages, (options, messages) => {
      const rules = compileRules(options);
      const state = newDecideState();
      for (const { message, decoded } of messages) {
        const { handling, verdict } = decide(rules, state, message, decoded, 0);
        const expected = naiveRuleFor(options, message, decoded);
        assert.equal(handling.rule, expected);
        const isForwarded = options.find(({ name }) => name === expected)?.forward ?? true;
        assert.equal(verdict, isForwarded ? 'keep' : 'not-forwarded');
      }
    }),
    { numRuns: 500 },
  );
});

test('more topics than are remembered are decided rightly too', () => {
  const rules = compileRules(rulesOf('[{ name: even, match: { topic: +/even } }, { name: rest }]'));
  const state = newDecideState();
  const long = 'x'.repeat(20_000);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1_000; i++) {
      const name = `${long}${i}/${i % 2 === 0 ? 'even' : 'odd'}`;
      assert.equal(decide(rules, state, messageOf(name), decodedOf('d'), 0).handling.rule, i % 2 ? 'rest' : 'even');
    }
  }
});
