import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordLine } from './collector.ts';
import { Oracle, regenerate, type Verdict } from './oracle.ts';

/** The record that a gateway rightly makes of a message. */
function recordOf(topic: string, index: number, sequence = index + 1): RecordLine {
  const { payload } = regenerate(topic, index);
  const base = { gateway: 'g', epoch: 'e', deviceId: topic, time: '', receivedAt: '', source: 'mqtt', topic };
  if (payload[0] === 0xfe) return { ...base, sequence: `${sequence}`, payload: payload.toString('base64') };
  const said = JSON.parse(payload.toString());
  return {
    ...base,
    sequence: `${sequence}`,
    fields: [
      { name: 'n', number: said.n },
      { name: 'value', number: said.value },
      { name: 'nested.text', text: said.nested.text },
      { name: 'nested.on', boolean: said.nested.on },
    ],
  };
}

const count = 10;
const good = Array.from({ length: count }, (_, index) => recordOf('d', index));

function books(): Oracle {
  const oracle = new Oracle();
  for (let index = 0; index < count; index++) {
    oracle.sent(regenerate('d', index));
    // The last one was sent and never acknowledged: it may be there or not.
    if (index < count - 1) oracle.acknowledged(regenerate('d', index));
  }
  return oracle;
}

function without(index: number): RecordLine[] {
  return good.filter((_, at) => at !== index);
}

test('a sink that holds every message once keeps the promise, with or without the unacknowledged one', () => {
  assert.equal(books().assertKept(good).arrived, count);
  assert.equal(books().assertKept(without(count - 1)).arrived, count - 1);
});

const json = good[2]!;
const binary = good[4]!;
type Kind = 'lost' | 'doubled' | 'foreign' | 'altered' | 'disordered' | 'repeatedSequences';
const doctored: readonly [string, readonly RecordLine[], Partial<Record<Kind, number>>][] = [
  ['an acknowledged message is missing', without(3), { lost: 1 }],
  ['all are missing', [], { lost: count - 1 }],
  ['a record is there twice', [...good, { ...json, sequence: '99' }], { doubled: 1 }],
  ['a line is there twice', [...good, json], { doubled: 1, repeatedSequences: 1 }],
  ['two records are exchanged', [...good.slice(0, 6), good[7]!, good[6]!, ...good.slice(8)], { disordered: 1 }],
  ['a message was never sent', [...good, recordOf('d', count, 99)], { foreign: 1 }],
  ['a record is of another topic', [...good, recordOf('other', 1, 99)], { foreign: 1 }],
  ['a record is nothing that we know', [...good, { ...binary, payload: 'AAAA', sequence: '99' }], { foreign: 1 }],
  [
    'a number is off by the least',
    replaced(2, { fields: json.fields!.with(1, { name: 'value', number: 0.5 }) }),
    { altered: 1 },
  ],
  ['a field is missing', replaced(2, { fields: json.fields!.slice(0, 3) }), { altered: 1 }],
  ['a field too many', replaced(2, { fields: [...json.fields!, { name: 'x', number: 1 }] }), { altered: 1 }],
  [
    'a byte of a payload has changed',
    replaced(4, { payload: binary.payload!.replace(/.{4}$/, 'AAAA') }),
    { altered: 1 },
  ],
  ['another device', replaced(2, { deviceId: 'other' }), { altered: 1 }],
  ['a raw payload beside the fields', replaced(2, { payload: 'AAAA' }), { altered: 1 }],
];

function replaced(index: number, change: Partial<RecordLine>): readonly RecordLine[] {
  return good.with(index, { ...good[index]!, ...change });
}

for (const [name, records, expected] of doctored) {
  test(`the oracle objects when ${name}`, () => {
    const verdict: Verdict = books().judge(records);
    for (const kind of ['lost', 'doubled', 'foreign', 'altered', 'disordered', 'repeatedSequences'] as const) {
      assert.equal(verdict[kind].length, expected[kind] ?? 0, kind);
    }
    assert.throws(() => books().assertKept(records), new RegExp(Object.keys(expected)[0]!));
  });
}

test('a record twice is no fault when the client has sent the message twice, and is counted', () => {
  const oracle = books();
  oracle.sent(regenerate('d', 2));
  const records = [...good, { ...json, sequence: '99' }];
  assert.equal(oracle.assertKept(records).resent, 1);
  assert.throws(() => oracle.assertKept([...records, { ...json, sequence: '100' }]), /doubled/);
});

test('an acknowledgement of what was never sent is a fault of the test', () => {
  assert.throws(() => new Oracle().acknowledged(regenerate('d', 0)), /never sent/);
});
