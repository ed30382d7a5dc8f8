import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { describeConfig } from '../../src/config/describe.ts';
import { loadConfig } from '../../src/config/load.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { checkPartial } from '../../src/lib/settings/check.ts';
import type { SchemaNode } from '../../src/lib/settings/schema-node.ts';
import { tempDir } from '../support/temp-dir.ts';

/** The lines of the error that a file gives, each without its name; none when it is right. */
function errorsOf(t: TestContext, yaml: string): string[] {
  const folder = tempDir(t);
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, yaml);
  return linesOf(() => loadConfig({ file })).map((line) => line.replace(`${folder}/gateway.yaml:`, ''));
}

function linesOf(load: () => unknown): string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    return error.message.split('\n');
  }
}

const reservedName = 'which stands for what Headgate does by itself; choose another name.';

test('what is wrong in a list of sections: place, what was found, what was expected, what was meant', (t) => {
  const rows: readonly (readonly [yaml: string, ...lines: string[]])[] = [
    ['rules:\n  - name: a\n    match: { topic: "x/#" }\n    ttl: 30d'],
    [
      'rules:\n  - nmae: a',
      '2:5: `rules[0].name` must be given: What it is called in metrics, status and gap reports. Each rule has a name of its own.',
    ],
    [
      'rules: [{ name: a, priorty: bulk }]',
      '1:20: There is no key `rules[0].priorty`; did you mean `rules[0].priority`?',
    ],
    ['rules: [{ name: a, topic: x }]', '1:20: There is no key `rules[0].topic`; did you mean `rules[0].match.topic`?'],
    [
      'rules: [{ name: a, match: { ttl: 1h } }]',
      '1:29: There is no key `rules[0].match.ttl`; did you mean `rules[0].ttl`?',
    ],
    [
      'rules: [{ name: a, maxTopicLevels: 1 }]',
      '1:20: There is no key `rules[0].maxTopicLevels`; did you mean `mqtt.maxTopicLevels`?',
    ],
    [
      'rules:\n  - name: a\n    match:\n      topic: 5',
      '4:14: `rules[0].match.topic` is 5, but must be text that is not empty.',
    ],
    [
      'rules:\n  - name: a\n    match: { topic: "" }',
      '3:21: `rules[0].match.topic` is "", but must be text that is not empty.',
    ],
    [
      'rules:\n  - name: a\n    match: x/#',
      '3:12: `rules[0].match` is "x/#", but must hold keys such as topic, source, device.',
    ],
    [
      'rules: [{ name: a }, { name: b, match: { mqttQos: 3 } }]',
      '1:51: `rules[1].match.mqttQos` is 3, but must be 0, 1 or 2.',
    ],
    [
      'rules: [{ name: a, ttl: soon }]',
      '1:25: `rules[0].ttl` is "soon", but must be a duration such as 20s, 1.5h or 30d.',
    ],
    [
      'rules: [{ name: a, maxBytes: lots }]',
      '1:30: `rules[0].maxBytes` is "lots", but must be a size such as 64KiB or 8MB.',
    ],
    [
      'rules: [{ name: a, thin: { every: soon } }]',
      '1:35: `rules[0].thin.every` is "soon", but must be a duration such as 20s, 1.5h or 30d.',
    ],
    [
      'rules: [{ name: a, thin: { deadband: 5 } }]',
      '1:38: `rules[0].thin.deadband` is 5, but must hold names, each with a number.',
    ],
    [
      'rules: [{ name: a, thin: { deadband: { t: warm } } }]',
      '1:43: `rules[0].thin.deadband.t` is "warm", but must be a number.',
    ],
    ['rules: [{ name: a, thin: { onChange: false } }]', '1:38: `rules[0].thin.onChange` is false, but must be true.'],
    ['rules: [{ name: a, forward: maybe }]', '1:29: `rules[0].forward` is "maybe", but must be true or false.'],
    ['rules: [a]', '1:9: `rules[0]` is "a", but must hold keys such as name, match, priority.'],
    [
      'rules: { name: a }',
      '1:8: `rules` is {"name":"a"}, but must be a list, each item a section with keys such as name, match, priority, at most 200.',
    ],
    [
      'rules:\n  -',
      '2:4: `rules[0].name` must be given: What it is called in metrics, status and gap reports. Each rule has a name of its own.',
    ],
  ];
  for (const [yaml, ...lines] of rows) {
    const found = errorsOf(t, yaml);
    if (yaml.includes('nmae'))
      assert.equal(found.shift(), '2:5: There is no key `rules[0].nmae`; did you mean `rules[0].name`?');
    assert.deepEqual(found, lines, yaml);
  }
});

test('rules that contradict themselves or one another are told where, why, and what to do', (t) => {
  const rows: readonly (readonly [rule: string, ...lines: string[]])[] = [
    ['name: default', `1:17: \`rules[0].name\` is "default", ${reservedName}`],
    ['name: default-x', `1:17: \`rules[0].name\` is "default-x", ${reservedName}`],
    ['name: Reports', `1:17: \`rules[0].name\` is "Reports", ${reservedName}`],
    ['name: defaults'],
    [
      'name: "a "',
      '1:17: `rules[0].name` is "a ", but must neither begin nor end with a space, nor hold control characters.',
    ],
    [
      'name: a, match: {}',
      '1:27: `rules[0].match` holds no condition; take it away if the rule is meant for every message.',
    ],
    [
      'name: a, match: { topic: a/#/b }',
      '1:36: `rules[0].match.topic` is "a/#/b", but `#` can only be the last level.',
    ],
    [
      'name: a, match: { topic: a+ }',
      '1:36: `rules[0].match.topic` is "a+", but `+` and `#` must each fill a level: nothing but a slash may stand beside them.',
    ],
    [
      'name: a, durability: memory, whenFull: block',
      '1:50: `rules[0].whenFull` is block, for records that must not be lost, but `durability: memory` loses them when the process ends: choose dropOldest or dropNewest, or another durability.',
    ],
    ['name: a, durability: memory, whenFull: dropNewest'],
    [
      'name: a, priority: critical, durability: memory',
      '1:52: `rules[0].durability` is memory, but critical records must outlast the process: choose local, anywhere or relaxed.',
    ],
    [
      'name: a, priority: critical, durability: memory, whenFull: block',
      '1:52: `rules[0].durability` is memory, but critical records must outlast the process: choose local, anywhere or relaxed.',
    ],
    [
      'name: a, priority: critical, whenFull: dropOldest',
      '1:50: `rules[0].whenFull` is dropOldest, but critical records are never dropped, their sources wait: choose block, or another priority.',
    ],
    [
      'name: a, priority: critical, whenFull: dropNewest',
      '1:50: `rules[0].whenFull` is dropNewest, but critical records are never dropped, their sources wait: choose block, or another priority.',
    ],
    ['name: a, priority: critical, whenFull: block, ttl: 1d, thin: { every: 1s }'],
    [
      'name: a, ttl: 0s',
      '1:25: `rules[0].ttl` is 0, with which every record would expire at once; take it away to let records wait for ever.',
    ],
    [
      'name: a, maxBytes: 0',
      '1:30: `rules[0].maxBytes` is 0, which leaves no room for a single record; to store none, set `forward: false`.',
    ],
    [
      'name: a, thin: {}',
      '1:26: `rules[0].thin` says nothing, but must be exactly one of every, deadband and onChange.',
    ],
    [
      'name: a, thin: { every: 1s, onChange: true }',
      '1:26: `rules[0].thin` has every and onChange, but must be exactly one of every, deadband and onChange.',
    ],
    [
      'name: a, thin: { every: 0 }',
      '1:35: `rules[0].thin.every` is 0, which leaves nothing out; give a time such as 10s.',
    ],
    [
      'name: a, thin: { deadband: {} }',
      '1:38: `rules[0].thin.deadband` names no field; write each as its name and a number, as in temperature: 0.2.',
    ],
    [
      'name: a, thin: { deadband: { t: 0.2, h: -1 } }',
      '1:51: `rules[0].thin.deadband.h` is -1, but a band must be more than 0.',
    ],
  ];
  for (const [rule, ...lines] of rows) assert.deepEqual(errorsOf(t, `rules: [{ ${rule} }]`), lines, rule);
  assert.deepEqual(errorsOf(t, 'rules:\n  - name: a\n  - name: b\n  - name: a'), [
    '4:11: `rules[2].name` is "a", as is a rule before it; give each rule a name of its own.',
  ]);
});

test('a rule that breaks the schema is not said to contradict itself as well; the others are', (t) => {
  assert.deepEqual(
    errorsOf(t, 'rules:\n  - { name: a, thin: { every: x } }\n  - { name: b, ttl: 0 }\nmqtt: { port: x }'),
    [
      '2:31: `rules[0].thin.every` is "x", but must be a duration such as 20s, 1.5h or 30d.',
      '4:15: `mqtt.port` is "x", but must be a whole number from 0 to 65535.',
      '3:21: `rules[1].ttl` is 0, with which every record would expire at once; take it away to let records wait for ever.',
    ],
  );
});

test('rules can be said by --set and by the environment, as YAML, and each replaces the list before', (t) => {
  const rule = { name: 'a', match: { topic: 'x/#' }, ttl: 60_000, forward: true };
  const text = '[{ name: a, match: { topic: x/# }, ttl: 1m }]';
  assert.deepEqual(loadConfig({ settings: [`rules=${text}`] }).rules, [rule]);
  assert.deepEqual(loadConfig({ settings: ['rules=- name: a\n  match: { topic: x/# }\n  ttl: 1m'] }).rules, [rule]);
  assert.deepEqual(loadConfig({ environment: { HEADGATE_RULES: text }, settings: [] }).rules, [rule]);
  const file = join(tempDir(t), 'gateway.yaml');
  writeFileSync(file, 'rules: [{ name: b }, { name: c }]');
  assert.deepEqual(loadConfig({ file, settings: [`rules=${text}`] }).rules, [rule]);
  assert.deepEqual(loadConfig({ file, settings: ['rules=[]'] }).rules, []);
  const wrong = '[{ name: a, match: { topic: 5 } }]';
  const message = '`rules[0].match.topic` is 5, but must be text that is not empty.';
  assert.deepEqual(
    linesOf(() => loadConfig({ settings: [`rules=${wrong}`] })),
    [`--set rules=${wrong}: ${message}`],
  );
  assert.deepEqual(
    linesOf(() => loadConfig({ environment: { HEADGATE_RULES: wrong } })),
    [`environment HEADGATE_RULES: ${message}`],
  );
});

test('an item of a list is complete: defaults are filled in, and maps take any name', () => {
  const node: SchemaNode = {
    type: 'object',
    properties: {
      list: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            wait: { unit: 'duration', default: '2s' },
            inner: { type: 'object', properties: { deep: { type: 'integer', default: 3 } } },
            map: { type: 'object', additionalProperties: { type: 'number' } },
            keys: { type: 'object', additionalProperties: { type: 'string', secret: true } },
          },
        },
      },
    },
  };
  const given = JSON.parse('{"list":[{},{"wait":"1s","inner":{},"map":{"__proto__":1,"b":2},"keys":{"a":"hush"}}]}');
  const { value, problems } = checkPartial(node, given);
  assert.deepEqual(problems, []);
  assert.equal(
    JSON.stringify(value),
    '{"list":[{"wait":2000},{"wait":1000,"inner":{"deep":3},"map":{"__proto__":1,"b":2},"keys":{"a":"hush"}}]}',
  );
  assert.equal(
    JSON.stringify(describeConfig(node, value)),
    '{"list":[{"wait":2000},{"wait":1000,"inner":{"deep":3},"map":{"__proto__":1,"b":2},"keys":{"a":"***"}}]}',
  );
});
