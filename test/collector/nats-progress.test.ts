import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeProgress, encodeProgress, withOpen, withoutSettled } from '../../src/collector/nats-progress.ts';
import { idPrefix, Subjects, tokenOf } from '../../src/collector/nats-subjects.ts';
import { type Interval, Intervals } from '../../src/lib/intervals.ts';

const anyRuns = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 20 })), { maxLength: 12 })
  .map((pairs) => new Intervals(pairs.map(([first, length]) => ({ first, last: first + length }))));

const numbersOf = (runs: Iterable<Interval>): number[] =>
  [...runs].flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

test('progress is read as it was written', () => {
  fc.assert(
    fc.property(anyRuns, anyRuns, fc.nat(), (durable, runs, since) => {
      const open = withOpen(undefined, runs, since);
      const found = decodeProgress(encodeProgress({ holder: 'me', durable, open }));
      assert.deepEqual(found && { ...found, durable: [...found.durable] }, {
        holder: 'me',
        durable: [...durable],
        open,
      });
    }),
  );
});

test('what is open grows by what is to be published, and shrinks by what was found', () => {
  fc.assert(
    fc.property(anyRuns, anyRuns, anyRuns, (before, fresh, found) => {
      const open = withOpen(withOpen(undefined, before, 7), fresh, 9);
      const all = new Set([...numbersOf(before), ...numbersOf(fresh)]);
      assert.deepEqual(new Set(numbersOf(open?.runs ?? [])), all);
      if (open !== undefined) assert.equal(open.since, before.size > 0 ? 7 : 9);
      for (const number of numbersOf(found)) all.delete(number);
      assert.deepEqual(
        numbersOf(withoutSettled(open, found)?.runs ?? []),
        [...all].sort((a, b) => a - b),
      );
    }),
  );
});

test('a hundred thousand runs fit into one value', () => {
  const durable = new Intervals(
    Array.from({ length: 100_000 }, (_, i) => ({ first: 5e9 + i * 150, last: 5e9 + i * 150 })),
  );
  assert.ok(encodeProgress({ holder: 'x'.repeat(36), durable, open: undefined }).byteLength < 900_000);
});

test('bytes that are no progress are not taken for one', () => {
  const rows = [
    '',
    'null',
    '{}',
    '{"version":2,"holder":"a","durable":[]}',
    '{"version":1,"holder":"a","durable":[1]}',
  ];
  rows.push('{"version":1,"holder":"a","durable":[0,1]}', '{"version":1,"holder":"a","durable":[1,1],"open":{}}');
  rows.push('{"version":1,"holder":"a","durable":[1,-1]}', '{"version":1,"holder":"a","durable":[1,"1"]}');
  for (const row of rows) assert.equal(decodeProgress(Buffer.from(row)), undefined, row);
});

test('any text is one token of a subject, and different texts are different tokens', () => {
  const known = new Map<string, string>();
  const check = (text: string) => {
    const token = tokenOf(text);
    assert.match(token, /^[A-Za-z0-9_=-]{1,200}$/);
    assert.equal(known.get(token) ?? text, text);
    known.set(token, text);
  };
  const long = 'sensors/'.repeat(100);
  for (const text of ['', '=', '==', '=3d', 'a.b', 'a>b', '*', '>', 'a b', '\r\n', 'ü', '-_', long, `${long}x`])
    check(text);
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), check));
  const subjects = new Subjects('site 7');
  assert.equal(subjects.of('sensors/kitchen.1'), 'headgate.site=207.sensors=2fkitchen=2e1');
  assert.equal(subjects.of('sensors/kitchen.1'), 'headgate.site=207.sensors=2fkitchen=2e1');
  assert.equal(subjects.of(''), 'headgate.site=207.=');
  assert.equal(idPrefix('site 7', 'e'), 'site=207/e/');
});
