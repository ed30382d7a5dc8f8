import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldValue } from '../../../src/core/measurement.ts';
import { createCborCodec } from '../../../src/profiles/codecs/cbor/cbor.ts';
import { readCbor } from '../../../src/profiles/codecs/cbor/cbor-reader.ts';
import { assertSurvives, bytesOf, fieldsOf, inputOf, limits } from './codec-support.ts';

const codec = createCborCodec();
const decode = (hex: string) => codec.decode(inputOf(bytesOf(hex)));
const bytes = (...values: number[]) => Uint8Array.from(values);
const upTo25 = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [String(i), i + 1]));

type Row = readonly [hex: string, fields: Record<string, FieldValue>, isComplete?: boolean];

/** Examples of RFC 8949 appendix A, as in cbor/test-vectors, appendix_a.json. */
const rows: readonly Row[] = [
  ['00', { value: 0 }],
  ['17', { value: 23 }],
  ['1818', { value: 24 }],
  ['1903e8', { value: 1000 }],
  ['1a000f4240', { value: 1_000_000 }],
  ['1b000000e8d4a51000', { value: 1_000_000_000_000 }],
  ['1bffffffffffffffff', { value: 18446744073709551615n }],
  ['c249010000000000000000', { value: 18446744073709551616n }],
  ['3bffffffffffffffff', { value: -18446744073709551616n }],
  ['c349010000000000000000', { value: -18446744073709551617n }],
  ['20', { value: -1 }],
  ['3903e7', { value: -1000 }],
  ['f90000', { value: 0 }],
  ['f98000', { value: -0 }],
  ['fb3ff199999999999a', { value: 1.1 }],
  ['f97bff', { value: 65504 }],
  ['fa47c35000', { value: 100_000 }],
  ['fa7f7fffff', { value: 3.4028234663852886e38 }],
  ['fb7e37e43c8800759c', { value: 1e300 }],
  ['f90001', { value: 2 ** -24 }],
  ['f9c400', { value: -4 }],
  ['fbc010666666666666', { value: -4.1 }],
  ['f4', { value: false }],
  ['f5', { value: true }],
  ['c074323031332d30332d32315432303a30343a30305a', { value: '2013-03-21T20:04:00Z' }],
  ['c11a514b67b0', { value: 1363896240 }],
  ['c1fb41d452d9ec200000', { value: 1363896240.5 }],
  ['d74401020304', { value: bytes(1, 2, 3, 4) }],
  ['d818456449455446', { value: bytes(0x64, 0x49, 0x45, 0x54, 0x46) }, false],
  ['d82076687474703a2f2f7777772e6578616d706c652e636f6d', { value: 'http://www.example.com' }],
  ['40', { value: bytes() }],
  ['4401020304', { value: bytes(1, 2, 3, 4) }],
  ['60', { value: '' }],
  ['6449455446', { value: 'IETF' }],
  ['62225c', { value: '"\\' }],
  ['63e6b0b4', { value: '水' }],
  ['64f0908591', { value: '𐅑' }],
  ['8301820203820405', { '0': 1, '1.0': 2, '1.1': 3, '2.0': 4, '2.1': 5 }],
  ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', upTo25],
  ['a201020304', { '1': 2, '3': 4 }],
  ['a26161016162820203', { a: 1, 'b.0': 2, 'b.1': 3 }],
  ['826161a161626163', { '0': 'a', '1.b': 'c' }],
  ['5f42010243030405ff', { value: bytes(1, 2, 3, 4, 5) }],
  ['7f657374726561646d696e67ff', { value: 'streaming' }],
  ['9f018202039f0405ffff', { '0': 1, '1.0': 2, '1.1': 3, '2.0': 4, '2.1': 5 }],
  ['83018202039f0405ff', { '0': 1, '1.0': 2, '1.1': 3, '2.0': 4, '2.1': 5 }],
  ['bf61610161629f0203ffff', { a: 1, 'b.0': 2, 'b.1': 3 }],
  ['bf6346756ef563416d7421ff', { Fun: true, Amt: -2 }],
  // RFC 8949 § 3.4.4: a decimal fraction and a bigfloat; § 3.4.6: "this is CBOR"
  ['c48221196ab3', { value: 273.15 }],
  ['c5822003', { value: 1.5 }],
  ['d9d9f7a1617401', { t: 1 }],
  // a float32 of a sensor

  ['a161 74 fa41b43333', { t: 22.525 }],
  // what a field does not say
  ['a26161016162f6', { a: 1 }, false],
  ['a26161016162f7', { a: 1 }, false],
  ['a26161016162f97e00', { a: 1 }, false],
  ['a2616101616101', { a: 1 }, false],
  ['a2616101f602', { a: 1 }, false],
  ['a261610161 62 e3', { a: 1 }, false],
  ['d9 04d2 07', { value: 7 }, false],
  // names of prototypes
  ['a1695f5f70726f746f5f5fa16178 01', { '__proto__.x': 1 }],
];

for (const [hex, fields, isComplete = true] of rows) {
  test(`CBOR ${hex}`, () => {
    const output = decode(hex);
    assert.deepEqual([output.kind, fieldsOf(output), output.isComplete], ['measurement', fields, isComplete]);
  });
}

test('what has no values is raw', () => {
  for (const hex of ['f6', 'f7', 'f97e00', 'f97c00', 'fb7ff0000000000000', '80', 'a0', '9fff', 'f0', 'f8ff', '81f6']) {
    assert.deepEqual([hex, decode(hex).kind], [hex, 'raw']);
  }
});

const failures: readonly (readonly [hex: string, failure: RegExp])[] = [
  ['', /^The payload is no CBOR\. At byte 0: it is cut off\.$/],
  ['a26161', /At byte 3: it is cut off\.$/],
  ['1a0001', /At byte 0: not enough data/],
  ['0001', /The item ends at byte 1, but the payload has 2 bytes\.$/],
  ['1c', /At byte 0: encountered invalid minor \(28\) for major 0\.$/],
  ['ff', /The stop code at byte 0 ends nothing\.$/],
  ['82ff', /At byte 1: a stop code stands where a value has to be\.$/],
  ['bf6161ff', /a stop code stands where a value has to be\.$/],
  ['c1ff', /a stop code stands where a value has to be\.$/],
  ['c0 00', /At byte 0: tag 0 has content of another type than it may have\.$/],
  ['5f6161ff', /At byte 1: a chunk of bytes is string\.$/],
  ['5f4101', /At byte 3: it is cut off\.$/],
  ['f8', /At byte 0: it is cut off\.$/],
  ['9bffffffffffffffff', /^The payload is no CBOR\. At byte [09]: /],
  ['5bffffffffffffffff', /^The payload is no CBOR\. At byte 0: /],
  ['81'.repeat(9), /At byte 8: it is nested deeper than 8 levels\.$/],
  ['81'.repeat(1_000_000), /nested deeper than 8 levels/],
  ['c1'.repeat(1_000_000), /nested deeper than 8 levels/],
  [`9a00989680${'00'.repeat(100_000)}`, /there are more data items than a message may have\.$/],
  [`7f${'60'.repeat(100_000)}ff`, /there are more data items than a message may have\.$/],
  [
    `98c9${'00'.repeat(201)}`,
    /^The payload is CBOR, but more than one message may be\. It has more than 200 values\.$/,
  ],
];

for (const [hex, failure] of failures) {
  test(`no CBOR: ${hex.slice(0, 24)}`, () => {
    const output = decode(hex);
    assert.equal(output.kind, 'failed');
    assert.match(output.failure ?? '', failure);
  });
}

test('bytes are copied, also out of a Buffer', () => {
  const payload = bytesOf('4401020304');
  const read = readCbor(payload, limits);
  payload.fill(0);
  assert.deepEqual(read.kind === 'item' && read.value, bytes(1, 2, 3, 4));
});

const claimed: readonly (readonly [hex: string, confidence: number | undefined])[] = [
  ['a26161016162820203', 0.95],
  ['83010203', 0.9],
  ['8101', 0.4],
  ['a201020304', 0.6],
  ['1903e8', 0.45],
  ['fb3ff199999999999a', 0.45],
  ['8164b07708ae', undefined],
  ['01', undefined],
  ['a26161', undefined],
  [Buffer.from('21.5').toString('hex'), undefined],
  [Buffer.from('{"a":1}').toString('hex'), undefined],
  [Buffer.from('dhello').toString('hex'), undefined],
  // Cayenne LPP, Sparkplug B, SLIP, SDS011
  ['03670110056700ff', undefined],
  ['08d2e283b9fa32120d1064200a6900000000008036401801', undefined],
  ['c0010203c0', undefined],
  ['aac0d4043a0aa1601dab', undefined],
];

for (const [hex, confidence] of claimed) {
  test(`what ${hex} looks like`, () => {
    const claim = codec.claims?.('dev/x', bytesOf(hex));
    assert.equal(claim?.confidence, confidence);
    if (claim) assert.match(claim.reason, /^all \d+ bytes are one CBOR (map|array|value)/);
  });
}

test('a topic with the word cbor makes a bare value sure, and no JSON', () => {
  const claim = (topic: string, hex: string) => codec.claims?.(topic, bytesOf(hex))?.confidence;
  assert.equal(claim('dev/cbor', '17'), 0.95);
  assert.equal(claim('dev/cbor', '6449455446'), 0.95);
  assert.equal(claim('dev/cbor', Buffer.from('{"a":1}').toString('hex')), undefined);
  assert.equal(claim('dev/cbor', Buffer.from('21.5').toString('hex')), undefined);
  assert.equal(claim('dev/cborg', '17'), undefined);
});

test('any bytes and damaged CBOR', () => {
  assertSurvives(
    createCborCodec,
    rows.map(([hex]) => bytesOf(hex)),
  );
});
