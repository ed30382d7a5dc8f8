import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPartial } from '../../../src/lib/settings/check.ts';
import { knownKeywords, type SchemaNode } from '../../../src/lib/settings/schema-node.ts';
import { binaryValueOptions } from '../../../src/profiles/binary/options.ts';
import { framingProblems } from '../../../src/profiles/framing/option-checks.ts';
import { type FramingOptions, framingOptions } from '../../../src/profiles/framing/options.ts';

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

test('options that do not go together are told, with their place', () => {
  const rows: readonly (readonly [FramingOptions, string])[] = [
    [{ kind: 'lines' }, ''],
    [{ kind: 'lines', start: ['02'] }, 'start is only for `kind: frame`.'],
    [{ kind: 'nmea', partial: true }, 'partial is only for `kind: telegram`.'],
    [{ kind: 'meshtastic', max: 9 }, 'max is not for `kind: meshtastic`, whose frames have at most 512 bytes.'],
    [{ kind: 'frame', size: 9 }, 'kind is frame, which needs `start`: the bytes with which each one begins.'],
    [{ kind: 'frame', start: ['ff'] }, 'kind is frame, which needs `size`, `length` or `end`.'],
    [
      { kind: 'frame', start: ['ff'], size: 9, length: { at: 1, type: 'uint8' } },
      'length is given beside `size`: frames of one size need none.',
    ],
    [{ kind: 'frame', start: ['ff'], size: 9, max: 9 }, 'max is given beside `size`, which is the limit already.'],
    [{ kind: 'frame', start: ['ff'], size: 9, tail: 1 }, 'tail is for frames that are told by their `end` alone.'],
    [{ kind: 'lines', tail: 1 }, 'tail is only for `kind: frame`.'],
    [{ kind: 'lines', checksum: { kind: 'crc8' } }, 'checksum is only for `kind: frame`, `slip` and `cobs`.'],
    [{ kind: 'cobs', checksum: { kind: 'crc8' } }, ''],
    [
      { kind: 'slip', checksum: { kind: 'crc8', at: 0 } },
      'checksum.at is only for `kind: frame`: with slip the checksum is last, and covers all before it.',
    ],
    [{ kind: 'frame', start: ['7e'], end: '7e', stuffing: { escape: '7d7d' } }, 'stuffing.escape must be one byte.'],
    [
      { kind: 'frame', start: ['7e00'], end: '7e', stuffing: { escape: '7d' } },
      'stuffing needs one byte as `start` and one as `end`.',
    ],
    [
      { kind: 'frame', start: ['ff'], size: 9, checksum: { kind: 'sum16be', at: 8 } },
      "checksum.at is 8, beyond the frame's 9 bytes.",
    ],
  ];
  for (const [options, expected] of rows) {
    const found = framingProblems(options).map(({ path, message }) => `${path.join('.')} ${message}`);
    assert.equal(found.join('; '), expected);
  }
});
