import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeConfig } from '../../src/config/describe.ts';
import { exampleConfig } from '../../src/config/example.ts';
import { defaultsOf, loadConfig, loadWith } from '../../src/config/load.ts';
import { configNode } from '../../src/config/node.ts';
import { configSchema } from '../../src/config/schema.ts';
import { checkPartial } from '../../src/lib/settings/check.ts';
import { leaves, type SchemaNode } from '../../src/lib/settings/schema-node.ts';
import { parseConfigText } from '../../src/lib/settings/yaml-file.ts';

test('the schema that is loaded at run time is the one in the sources', () => {
  const written = readFileSync('src/config/schema.json', 'utf8');
  assert.equal(written, `${JSON.stringify(configSchema, undefined, 2)}\n`, 'To make it anew: npm run generate');
});

const path = 'deploy/headgate.example.yaml';
const example = () => exampleConfig(configNode);

test(`${path} is what the schema says`, () => {
  const regenerate = 'npm run generate';
  assert.equal(readFileSync(path, 'utf8'), example(), `To make it anew: ${regenerate}`);
});

test('the example as it is loads to the defaults', () => {
  assert.deepEqual(loadConfig({ file: path }), loadConfig({}));
});

test('the example without any comment mark before its keys loads to exactly the defaults', () => {
  const live = example().replace(/^( *)#(?=\S)/gm, '$1');
  const { value, errors } = parseConfigText(live, 'live');
  assert.deepEqual(errors, []);
  const checked = checkPartial(configNode, value);
  assert.deepEqual(checked.problems, []);
  assert.deepEqual(checked.value, defaultsOf(configNode));
});

test('every key stands in the example, and every example value is right', () => {
  const everything = example()
    .replace(/^( *)#(?=\S)/gm, '$1')
    .replace(/^( *)# (?=\w+: |\w+:$)/gm, '$1');
  for (const { path: keys, node } of leaves(configNode)) {
    assert.match(everything, new RegExp(`^ *${keys.at(-1)}:`, 'm'), keys.join('.'));
    for (const name of Object.keys(node.items?.properties ?? {})) assert.match(everything, new RegExp(`\`${name}\`: `));
    for (const one of node.examples ?? []) assert.deepEqual(checkPartial(node, one).problems, [], keys.join('.'));
  }
  assert.ok(
    example()
      .split('\n')
      .every((line) => line.length <= 100 || line.includes('#/')),
    'lines fit 100 columns',
  );
});

const withSecret: SchemaNode = {
  type: 'object',
  properties: {
    url: { type: 'string', description: 'Where to.' },
    token: { type: 'string', secret: true, description: 'Shown to nobody.' },
    users: { type: 'array', items: { type: 'object', properties: { password: { type: 'string', secret: true } } } },
  },
  required: ['url'],
};

test('a description of the configuration holds no secrets', () => {
  const config = { url: 'http://a', token: 'hush', users: [{ password: 'hush' }] };
  const described = describeConfig(withSecret, config);
  assert.deepEqual(described, { url: 'http://a', token: '***', users: [{ password: '***' }] });
  assert.deepEqual(describeConfig(withSecret, { url: 'u', stray: 'hush' }), { url: 'u', stray: '***' });
});

test('a required key without a default must be given', () => {
  assert.throws(() => loadWith(withSecret, {}), { message: 'configuration: `url` must be given: Where to.' });
  assert.deepEqual(loadWith(withSecret, { settings: ['url=http://a'] }), { url: 'http://a' });
});

test('an error never shows the value of a secret', () => {
  const numeric: SchemaNode = {
    type: 'object',
    properties: { pin: { type: 'integer', secret: true, description: 'A PIN.' } },
  };
  const { problems } = checkPartial(numeric, { pin: 'hush' });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['`pin` is not shown here, but must be a whole number.'],
  );
  assert.throws(() => loadWith(numeric, { settings: ['pin=hush'] }), {
    message: '--set pin=***: `pin` is not shown here, but must be a whole number.',
  });
});
