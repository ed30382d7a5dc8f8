import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberIn, numberLike, parseJson, signedNumberLike } from '../../src/profiles/json.ts';

const many = '9'.repeat(30);
const endless = '9'.repeat(1_000_000);

test('which texts are numbers, by how much is known of them', () => {
  const rows: readonly (readonly [text: string, like: unknown, signed: unknown, known: unknown])[] = [
    ['21.5', 21.5, 21.5, 21.5],
    ['-1e3', -1000, -1000, -1000],
    ['+21.5', undefined, 21.5, 21.5],
    ['007', undefined, undefined, 7],
    ['.5', undefined, undefined, 0.5],
    [' 7 ', undefined, undefined, 7],
    ['08:01', undefined, undefined, undefined],
    ['1,5', undefined, undefined, undefined],
    ['0x10', undefined, undefined, undefined],
    ['NaN', undefined, undefined, undefined],
    ['', undefined, undefined, undefined],
    ['1e400', undefined, undefined, undefined],
    ['9007199254740993', 9007199254740993n, 9007199254740993n, 9007199254740993n],
    ['+9007199254740993', undefined, 9007199254740993n, 9007199254740993n],
    ['18446744073709551616', 18446744073709551616n, 18446744073709551616n, 18446744073709551616n],
    [many, BigInt(many), BigInt(many), BigInt(many)],
    [endless, undefined, undefined, undefined],
  ];
  for (const [text, like, signed, known] of rows) {
    assert.deepEqual(
      [numberLike(text), signedNumberLike(text), numberIn(text)],
      [like, signed, known],
      text.slice(0, 50),
    );
  }
});

test('whole numbers of JSON keep every digit', () => {
  for (const digits of ['9007199254740993', '-9223372036854775809', '18446744073709551616', many]) {
    assert.deepEqual(parseJson(`{"n":[${digits}]}`), { n: [BigInt(digits)] }, digits);
  }
  assert.deepEqual(parseJson('{"n":20.123456789012345678}'), { n: Number('20.123456789012345678') });
});
