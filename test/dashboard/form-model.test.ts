import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { formSchema } from '../../src/config/config-keys.ts';
import { configNode } from '../../src/config/node.ts';
import {
  addressAfter,
  choicesOf,
  controlOf,
  elsewhere,
  groupsOf,
  isMatch,
  isUnder,
  patchOf,
  type SchemaNode,
  textOf,
  valueFrom,
} from '../../src/dashboard/pages/settings/form-model.ts';
import { moved, ruleFaults, rulesText } from '../../src/dashboard/pages/settings/rules-text.ts';
import { leaves, pathText } from '../../src/lib/settings/schema-node.ts';

const schema = formSchema(configNode) as SchemaNode;
const formed = groupsOf(schema).flatMap(({ keys }) => keys);

test('every key of the configuration has its place in the form, once, with all that it says', () => {
  const all = [...leaves(configNode)].map(({ path }) => pathText(path));
  const shown = [...formed.map(({ key }) => key), ...Object.keys(elsewhere)];
  assert.deepEqual([...shown].sort(), [...all].sort());
  for (const { key, label, node } of formed) {
    assert.ok((node.description ?? '').length > 10, `${key} is described`);
    assert.ok(label !== '', `${key} has a name`);
    if (controlOf(node) === 'choice') assert.ok(choicesOf(node).length > 0, `${key} has choices`);
    if (controlOf(node) === 'text') assert.equal(node.type, 'string', `${key} is a text`);
  }
  // Two of one name in one part can't be told apart.
  for (const { name, keys } of groupsOf(schema))
    assert.equal(new Set(keys.map(({ label }) => label)).size, keys.length, name);
});

/** Every node that an editor may be asked for, also those in lists. */
function* editable(node: SchemaNode, path: string): Generator<readonly [path: string, node: SchemaNode]> {
  const control = controlOf(node);
  if (control === 'section')
    for (const [name, child] of Object.entries(node.properties!)) yield* editable(child, `${path}.${name}`);
  else if (control === 'list') yield* editable(node.items!, `${path}[]`);
  else yield [path, node];
}

test('what is shown of a value is that value when it is read again', () => {
  let tried = 0;
  for (const [path, node] of editable(schema, '')) {
    const kind = controlOf(node);
    const values = kind === 'choice' ? choicesOf(node) : node.default === undefined ? [] : [node.default];
    for (const value of values) {
      if (kind === 'switch') continue;
      tried++;
      assert.deepEqual(valueFrom(node, textOf(node, value)), value, path);
    }
  }
  assert.ok(tried > 100, `${tried} values were tried`);
  const rows: readonly (readonly [node: SchemaNode, value: unknown, text: string])[] = [
    [{ unit: 'duration' }, 2_592_000_000, '30d'],
    [{ unit: 'duration' }, 90_000, '90s'],
    [{ unit: 'duration' }, 1_500, '1500ms'],
    [{ unit: 'duration' }, 0, '0s'],
    [{ unit: 'bytes' }, 8_388_608, '8MiB'],
    [{ unit: 'bytes' }, 200_000_000, '200MB'],
    [{ unit: 'bytes' }, 1_001, '1001B'],
    [{ type: 'number' }, 0.5, '0.5'],
    [{ type: 'array', items: { type: 'string' } }, ['a', 'b c'], 'a\nb c'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, { 'a:b': 0.2, c: 3 }, 'a:b: 0.2\nc: 3'],
    [{ type: 'string' }, undefined, ''],
  ];
  for (const [node, value, text] of rows) assert.equal(textOf(node, value), text);
  assert.deepEqual(valueFrom({ type: 'integer' }, ' 12x '), '12x', 'the gateway tells that it is no number');
  assert.deepEqual(valueFrom({ type: 'object' }, 'a: 1\nb'), { a: 1, b: '' });
  assert.deepEqual(valueFrom({ type: 'array', items: { type: 'string' } }, ' \n'), []);
});

test('drafts become a patch, and faults find their keys', () => {
  const drafts = new Map<string, unknown>([
    ['http.tls.port', 1],
    ['http.port', null],
    ['rules', []],
  ]);
  assert.deepEqual(JSON.parse(JSON.stringify(patchOf(drafts))), { http: { tls: { port: 1 }, port: null }, rules: [] });
  const hostile = JSON.stringify(patchOf(new Map([['__proto__.x', 1]])));
  assert.equal(hostile, '{"__proto__":{"x":1}}');
  assert.equal(({} as Record<string, unknown>).x, undefined);
  for (const [fault, key, is] of [
    ['bridges[0].url', 'bridges', true],
    ['http.tls', 'http.tls', true],
    ['http.tlsx', 'http.tls', false],
  ] as const)
    assert.equal(isUnder(fault, key), is);
});

test('keys are found by their names and by what is said of them', () => {
  const found = (words: string) => formed.filter((one) => isMatch(one, words)).map(({ key }) => key);
  assert.ok(found('http port').includes('http.port'));
  assert.ok(found('LEAST severe').includes('log.level'));
  assert.deepEqual(found('xyzzy'), []);
  assert.equal(found('').length, formed.length);
});

test('the address after a restart is told where it is another one', () => {
  const here = { protocol: 'http:', hostname: 'barn.local', port: '8080' };
  const at = '/#/settings/configuration';
  for (const [keys, expected] of [
    [{ 'http.port': {}, 'mqtt.port': { next: 2 } }, undefined],
    [{ 'http.port': { next: 9090 } }, `http://barn.local:9090${at}`],
    [{ 'http.tls.enabled': { next: true } }, `https://barn.local:8080${at}`],
  ] as const)
    assert.equal(addressAfter(keys, here), expected);
});

test('rules as text are those rules, and faults lead to their lines', () => {
  const items = schema.properties!.rules!.items!;
  const rules = [
    {
      name: 'alarms',
      match: { topic: 'alarm/#', mqttQos: 1 },
      ttl: 2_592_000_000,
      maxBytes: 200_000_000,
      forward: true,
    },
    { name: 'yes', match: { device: '*: a' }, thin: { deadband: { 'a: b': 0.2 } }, forward: false },
    { name: '12', forward: true },
  ];
  const text = rulesText(rules, items);
  assert.match(
    text,
    /^- name: alarms\n {2}match:\n {4}topic: "alarm\/#"\n {4}mqttQos: 1\n {2}ttl: 30d\n {2}maxBytes: 200MB/,
  );
  const [first, ...others] = rules;
  assert.deepEqual(parse(text), [{ ...first, ttl: '30d', maxBytes: '200MB' }, ...others]);
  const detail = 'rules:3:5: There is no key `rules[0].prority`; did you mean `rules[0].priority`?\nSomething else.';
  assert.deepEqual(ruleFaults(detail), [
    {
      path: 'rules[0].prority',
      line: 3,
      message: 'There is no key `rules[0].prority`; did you mean `rules[0].priority`?',
    },
    { path: undefined, line: undefined, message: 'Something else.' },
  ]);
  assert.deepEqual(moved(['a', 'b', 'c'], 2, -1), ['a', 'c', 'b']);
});
