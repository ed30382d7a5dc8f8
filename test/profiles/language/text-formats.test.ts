import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeExample, exampleFaults } from '../../../src/profiles/examples.ts';
import { readProfile } from '../../../src/profiles/language/load.ts';

/** A message of a profile, its payload, and what it gives: all as YAML writes them. */
const rows: readonly (readonly [about: string, message: string, payload: string, gives: string])[] = [
  [
    'pairs of one line each are one measurement',
    'decode: keyvalue, separator: "\\n", assign: "\\t"',
    '"\\r\\nV\\t12810\\r\\nI\\t-10\\r\\nLOAD\\tON"',
    '{ V: 12810, I: -10, LOAD: "ON" }',
  ],
  [
    'pairs by a pattern are one measurement',
    "decode: keyvalue, pattern: '(?<key>[A-Z]+) (?<value>\\S+)'",
    '"IINST 1\\nPAPP 180\\n"',
    '{ IINST: 1, PAPP: 180 }',
  ],
  ['without it, each line of pairs is one', 'decode: keyvalue, separator: ";"', '"a=1;b=2\\na=3"', '{ a: 1, b: 2 }'],
  [
    'a suffix names the unit',
    'decode: keyvalue, fields: [{ path: Ta, suffix: { C: Cel, F: degF } }]',
    '"Ta=19.7C"',
    '{ Ta: 19.7 Cel }',
  ],
  [
    'or another one',
    'decode: keyvalue, fields: [{ path: Ta, suffix: { C: Cel, F: degF } }]',
    '"Ta= 67.5 F"',
    '{ Ta: 67.5 degF }',
  ],
  [
    'a suffix that means nothing makes it no value',
    'decode: keyvalue, fields: [{ path: Ta, suffix: { C: Cel } }]',
    '"Ta=19.7#,Ua=31.0"',
    '{ Ua: 31 }',
  ],
  [
    'a suffix is taken off before the value is scaled',
    'decode: keyvalue, fields: [{ path: p, suffix: { Pa: hPa }, scale: 0.01 }]',
    '"p=98765Pa"',
    '{ p: 987.65 hPa }',
  ],
  [
    'zeros fill up what is said to be a number',
    'decode: columns, fields: [{ path: "0", type: number }, { path: "1", type: number }, { path: "2", type: number }]',
    '"036,-002.57,000"',
    '{ "0": 36, "1": -2.57, "2": 0 }',
  ],
  [
    'bytes may be written as hex digits',
    'decode: binary, encoding: hex, fields: [{ at: 1, type: uint16, name: x }]',
    '" 2b:66-01\\n"',
    '{ x: 26113 }',
  ],
  [
    'as decimal numbers, in a part of the text',
    "decode: binary, encoding: decimal, pattern: '^OK (?<bytes>[0-9 ]+)', fields: [{ at: 0, type: uint16, name: x }]",
    '"OK 4 156 (37)"',
    '{ x: 1180 }',
  ],
  ['or in Base64', 'decode: cbor, encoding: base64', '"oWF4GCo=\\n"', '{ x: 42 }'],
  ['and are text elsewhere', 'decode: columns', '"036"', `{ "0": '"036"' }`],
];

for (const [about, message, payload, gives] of rows) {
  test(about, () =>
    assert.deepEqual(faultsOf(message, `payload: ${payload}`, gives), about.startsWith('without') ? rest : []),
  );
}

/** The second line is a measurement of its own, with a field of the same name. */
const rest = ['a = 3 is there too'];

test('bytes that are no UTF-8 are text in Latin-1', () => {
  const payloadHex = `payloadHex: "${Buffer.from('T=21.5\xb0C,x=\xe4', 'latin1').toString('hex')}"`;
  const fields = 'fields: [{ path: T, suffix: { "°C": Cel } }]';
  assert.deepEqual(
    faultsOf(`decode: keyvalue, encoding: latin-1, ${fields}`, payloadHex, '{ T: 21.5 Cel, x: "ä" }'),
    [],
  );
  const [fault] = faultsOf(`decode: keyvalue, ${fields}`, payloadHex, '{ T: 21.5 Cel }');
  assert.equal(fault, 'it is of kind failed: its payload is not UTF-8 text, not measurement');
});

test('a pattern for pairs needs its two groups', () => {
  const read = readProfile(
    profileOf("decode: keyvalue, pattern: '(?<key>a)'", 'payload: a', '{}'),
    'x/y',
    'p.yaml',
    [],
  );
  assert.ok('errors' in read);
  assert.match(read.errors[0] ?? '', /needs the groups `\(\?<key>…\)` and `\(\?<value>…\)`/);
});

test('text that is not written so has no bytes', () => {
  const fields = 'fields: [{ at: 0, type: uint8, name: x }]';
  const rows = [
    ['encoding: hex', '2b6', 'it has no bytes written in hex where the profile says so: "2b6"'],
    ['encoding: hex', '2b----66', 'it has no bytes written in hex where the profile says so: "2b----66"'],
    ['encoding: decimal', '1 256', 'it has no bytes written in decimal where the profile says so: "1 256"'],
    ["encoding: hex, pattern: 'x(?<bytes>..)'", 'y', 'it has no bytes written in hex where the profile says so: "y"'],
  ] as const;
  for (const [how, payload, failure] of rows) {
    const [fault] = faultsOf(`decode: binary, ${how}, ${fields}`, `payload: "${payload}"`, '{ x: 1 }');
    assert.equal(fault, `it is of kind failed: ${failure}, not measurement`);
  }
});

test('what is wrong with bytes that are written as text is told', () => {
  const rows = [
    ["decode: text, pattern: '(?<a>.)', encoding: hex", /is "hex", which is for `decode: binary` and `cbor`/],
    ["decode: binary, pattern: '(?<bytes>.)'", /needs the group `\(\?<bytes>…\)`, and `encoding: hex`/],
    ["decode: binary, encoding: hex, pattern: '(?<b>.)'", /needs the group `\(\?<bytes>…\)`/],
  ] as const;
  for (const [message, expected] of rows) {
    const read = readProfile(profileOf(message, 'payload: a', '{}'), 'x/y', 'p.yaml', []);
    assert.ok('errors' in read);
    assert.match(read.errors[0] ?? '', expected);
  }
});

function profileOf(message: string, payload: string, gives: string): string {
  return `name: A sensor\nversion: 1\nmessages:\n  - { ${message} }\nexamples:\n  - { source: mine, ${payload}, gives: ${gives} }\n`;
}

function faultsOf(message: string, payload: string, gives: string): string[] {
  const read = readProfile(profileOf(message, payload, gives), 'x/y', 'p.yaml', []);
  assert.ok(!('errors' in read), JSON.stringify(read));
  return exampleFaults(read.compiled, read.options.examples[0]!);
}

test('a payload of which not all is read is kept', () => {
  const lines = (count: number): string => 'a=1\n'.repeat(count);
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=1`).join();
  const cells = (count: number): string => Array.from({ length: count }, () => '1').join();
  const kept: readonly (readonly [decode: string, payload: string, keepPayload: boolean])[] = [
    ['keyvalue', lines(1_000), false],
    ['keyvalue', lines(1_001), true],
    ['keyvalue', many(1_000), false],
    ['keyvalue', many(1_001), true],
    ['columns', cells(1_000), false],
    ['columns', cells(1_001), true],
    ['columns', '1\n'.repeat(1_001), true],
    ["keyvalue, pattern: '(?<key>[a-z0-9]+)=(?<value>[0-9]+)'", many(1_000), false],
    ["keyvalue, pattern: '(?<key>[a-z0-9]+)=(?<value>[0-9]+)'", many(1_001), true],
    ["text, pattern: 'a=(?<a>[0-9]+)'", lines(1_000), false],
    ["text, pattern: 'a=(?<a>[0-9]+)'", lines(1_001), true],
  ];
  for (const [decode, payload, keepPayload] of kept) {
    const read = readProfile(
      profileOf(`decode: ${decode}`, `payload: ${JSON.stringify(payload)}`, '{}'),
      'x/y',
      'p.yaml',
      [],
    );
    assert.ok(!('errors' in read), JSON.stringify(read).slice(0, 500));
    const decoded = decodeExample(read.compiled, read.options.examples[0]!);
    assert.deepEqual([decoded.kind, decoded.keepPayload], ['measurement', keepPayload], `${decode}, ${payload.length}`);
  }
});
