import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPartial } from '../../../src/lib/settings/check.ts';
import { knownKeywords, type SchemaNode } from '../../../src/lib/settings/schema-node.ts';
import { binaryValueOptions } from '../../../src/profiles/binary/options.ts';
import { framingOptions } from '../../../src/profiles/framing/options.ts';

const schemas = {
  framing: framingOptions as unknown as SchemaNode,
  value: binaryValueOptions as unknown as SchemaNode,
};

test('the options use only keywords that the checker knows, and every key is described', () => {
  const visit = (node: SchemaNode, path: string) => {
    for (const keyword of Object.keys(node)) assert.ok(knownKeywords.has(keyword), `${path}: ${keyword}`);
    if (node.properties) assert.equal(node.additionalProperties, false, path);
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      assert.ok(child.description, `${path}.${key}`);
      visit(child, `${path}.${key}`);
    }
    if (node.items) visit(node.items, `${path}[]`);
    for (const one of node.anyOf ?? []) visit(one, path);
  };
  for (const [name, schema] of Object.entries(schemas)) visit(schema, name);
});

test('framing is checked as it is written', () => {
  const good = {
    kind: 'frame',
    start: '42 4d',
    length: { at: 2, type: 'uint16', plus: 4 },
    checksum: { kind: 'sum16be' },
  };
  const { value, problems } = checkPartial(schemas.framing, good);
  assert.deepEqual([value, problems], [{ ...good, start: ['42 4d'] }, []]);
  const bad = checkPartial(schemas.framing, { kind: 'frames', start: '4x', checksum: { kind: 'crc17' }, lenght: {} });
  assert.deepEqual(
    bad.problems.map(({ path }) => path.join('.')),
    ['kind', 'start', 'checksum.kind', 'lenght'],
  );
});
