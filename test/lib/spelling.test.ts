import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closest, editDistance } from '../../src/lib/spelling.ts';

test('the distance counts inserted, deleted, replaced and swapped letters', () => {
  const rows: [string, string, number][] = [
    ['', '', 0],
    ['port', 'port', 0],
    ['port', '', 4],
    ['prot', 'port', 1],
    ['por', 'port', 1],
    ['porrt', 'port', 1],
    ['pork', 'port', 1],
    ['ca', 'abc', 3],
    ['kitten', 'sitting', 3],
  ];
  for (const [a, b, distance] of rows) assert.equal(editDistance(a, b), distance, `${a} → ${b}`);
});

test('the distance is symmetric, zero only for equals, and at most the longer length', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length) && distance >= Math.abs(a.length - b.length));
    }),
  );
});

test('only what is near enough is suggested', () => {
  const words = ['host', 'port', 'maxPacketSize', 'maxInFlight'];
  const rows: [string, string | undefined][] = [
    ['prot', 'port'],
    ['PORT', 'port'],
    ['hots', 'host'],
    ['maxPacketsSize', 'maxPacketSize'],
    ['max_packet_size', 'maxPacketSize'],
    ['maxInflight', 'maxInFlight'],
    ['x', undefined],
    ['banana', undefined],
    ['', undefined],
  ];
  for (const [word, meant] of rows) assert.equal(closest(word, words), meant, word);
});
