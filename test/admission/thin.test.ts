import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RuleBook } from '../../src/admission/rule-book.ts';
import { type Kept, thin } from '../../src/admission/thin.ts';
import type { FieldValue } from '../../src/core/measurement.ts';
import { decodedOf, messageOf, rulesOf } from './fixtures.ts';

type Fields = Record<string, FieldValue>;

/** For a series of records of one device, which are kept. */
function keptOf(thinYaml: string, series: readonly Fields[]): boolean[] {
  const book = new RuleBook(rulesOf(`[{ name: it, thin: ${thinYaml} }]`));
  return series.map((fields) => book.decide(messageOf('t'), decodedOf('d', fields), 0).verdict === 'keep');
}

/** The same, by time. */
function keptAt(every: string, times: readonly number[], startMs = 0): number[] {
  const book = new RuleBook(rulesOf(`[{ name: it, thin: { every: ${every} } }]`));
  return times.filter((at) => book.decide(messageOf('t'), decodedOf('d', { v: 1 }), startMs + at).verdict === 'keep');
}

test('every: the first record of each interval is kept', () => {
  assert.deepEqual(
    keptAt('10s', [0, 1, 9_999, 10_000, 10_001, 19_999, 35_000, 39_999, 40_000]),
    [0, 10_000, 35_000, 40_000],
  );
  const everySeven = Array.from({ length: 10 }, (_, i) => i * 7_000);
  assert.deepEqual(keptAt('10s', everySeven), [0, 14_000, 21_000, 35_000, 42_000, 56_000, 63_000]);
});

test('every: one record of each interval that has any, wherever the monotonic clock starts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(5_000), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 3_000 }),
      fc.constantFrom(0, 1, 123_456_789, 2 ** 40),
      (steps, everyMs, startMs) => {
        let at = 0;
        const times = steps.map((step) => (at += step));
        const first = times[0]!;
        const slots = new Map<number, number>();
        for (const time of times) {
          const slot = Math.floor((time - first) / everyMs);
          if (!slots.has(slot)) slots.set(slot, time);
        }
        const kept = new Set(keptAt(`${everyMs}ms`, times, startMs));
        assert.deepEqual(kept, new Set(slots.values()));
      },
    ),
  );
});

test('every: the wall clock has no say', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  const book = new RuleBook(rulesOf('[{ name: it, thin: { every: 10s } }]'));
  const verdictAt = (wallMs: number, monotonicMs: number) => {
    t.mock.timers.setTime(wallMs);
    return book.decide(messageOf('t'), decodedOf('d'), monotonicMs).verdict;
  };
  const year = 365 * 86_400_000;
  assert.equal(verdictAt(year, 0), 'keep');
  assert.equal(verdictAt(2 * year, 9_999), 'thinned');
  assert.equal(verdictAt(0, 10_000), 'keep');
  assert.equal(verdictAt(0, 10_001), 'thinned');
});

test('deadband: kept when a named field has moved by its band since the last one kept', () => {
  const rows: readonly (readonly [what: string, thin: string, series: Fields[], kept: boolean[]])[] = [
    [
      'a creep adds up',
      '{ deadband: { t: 1 } }',
      [0, 0.5, 0.9, 1, 1.5, 2].map((t) => ({ t })),
      [true, false, false, true, false, true],
    ],
    ['down as well', '{ deadband: { t: 1 } }', [0, -0.9, -1].map((t) => ({ t })), [true, false, true]],
    [
      'any of several',
      '{ deadband: { t: 1, h: 5 } }',
      [
        { t: 0, h: 0 },
        { t: 0.5, h: 4 },
        { t: 0.5, h: 5 },
        { t: 1.4, h: 5 },
        { t: 1.5, h: 5 },
      ],
      [true, false, true, false, true],
    ],
    [
      'others do not matter',
      '{ deadband: { t: 1 } }',
      [{ t: 0, n: 1 }, { t: 0, n: 2 }, { t: 0 }],
      [true, false, false],
    ],
    [
      'gone and back',
      '{ deadband: { t: 1, h: 1 } }',
      [{ t: 0, h: 0 }, { h: 0 }, { h: 0 }, { t: 0, h: 0 }],
      [true, true, false, true],
    ],
    [
      'none of the named',
      '{ deadband: { t: 1 } }',
      [{ t: 0 }, { n: 1 }, { n: 1 }, { t: 0 }],
      [true, true, true, false],
    ],
    [
      'no number',
      '{ deadband: { t: 1 } }',
      [{ t: 'off' }, { t: 'off' }, { t: 'on' }, { t: 3 }, { t: true }, { t: true }],
      [true, false, true, true, true, false],
    ],
    [
      'not a number',
      '{ deadband: { t: 1 } }',
      [{ t: NaN }, { t: NaN }, { t: 0 }, { t: NaN }, { t: Infinity }, { t: Infinity }, { t: -Infinity }],
      [true, false, true, true, true, false, true],
    ],
    [
      'large whole numbers',
      '{ deadband: { t: 3 } }',
      [{ t: 2n ** 60n }, { t: 2n ** 60n + 2n }, { t: 2n ** 60n + 3n }, { t: 2n ** 60n }],
      [true, false, true, true],
    ],
    [
      'a number of either kind',
      '{ deadband: { t: 3 } }',
      [{ t: 5n }, { t: 7 }, { t: 8 }, { t: 6n }],
      [true, false, true, false],
    ],
    ['undecoded', '{ deadband: { t: 1 } }', [{ t: 0 }, {}, {}, { t: 0 }], [true, true, true, false]],
  ];
  for (const [what, yaml, series, kept] of rows) assert.deepEqual(keptOf(yaml, series), kept, what);
});

test('deadband: no record left out is a band or more from the last one kept', () => {
  const series = fc.array(fc.double({ noNaN: true, min: -10, max: 10 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(series, fc.double({ min: 0.01, max: 5, noNaN: true }), (values, band) => {
      let last: number | undefined;
      const kept = keptOf(
        `{ deadband: { t: ${band} } }`,
        values.map((t) => ({ t })),
      );
      for (const [index, value] of values.entries()) {
        assert.equal(kept[index], last === undefined || Math.abs(value - last) >= band);
        if (kept[index]) last = value;
      }
    }),
  );
});

test('onChange: kept when any field has changed, come or gone', () => {
  const bytes = (...list: number[]) => Uint8Array.from(list);
  const rows: readonly (readonly [what: string, series: Fields[], kept: boolean[]])[] = [
    ['values', [{ a: 1 }, { a: 1 }, { a: 2 }, { a: 1 }], [true, false, true, true]],
    [
      'every kind',
      [
        { a: 'x', b: true, c: 1n },
        { a: 'x', b: true, c: 1n },
        { a: 'x', b: false, c: 1n },
        { a: 'y', b: false, c: 1n },
        { a: 'y', b: false, c: 2n },
      ],
      [true, false, true, true, true],
    ],
    ['type', [{ a: 1 }, { a: '1' }, { a: 1n }, { a: true }], [true, true, true, true]],
    ['come and gone', [{ a: 1 }, { a: 1, b: 1 }, { b: 1 }, { c: 1 }], [true, true, true, true]],
    [
      'order',
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
        { b: 1, a: 2 },
      ],
      [true, false, true],
    ],
    ['not a number', [{ a: NaN }, { a: NaN }, { a: 0 }, { a: -0 }], [true, false, true, false]],
    ['bytes', [{ a: bytes(1, 2) }, { a: bytes(1, 2) }, { a: bytes(1, 3) }, { a: bytes(1) }], [true, false, true, true]],
    ['undecoded', [{ a: 1 }, {}, {}, { a: 1 }], [true, true, true, false]],
  ];
  for (const [what, series, kept] of rows) assert.deepEqual(keptOf('{ onChange: true }', series), kept, what);
});

test('onChange: a unit is part of the value, and bytes are not remembered by reference', () => {
  const rule = { kind: 'onChange' } as const;
  const first = thin(rule, undefined, [{ name: 't', value: 1, unit: 'Cel' }], 0) as Kept;
  assert.equal(thin(rule, first, [{ name: 't', value: 1, unit: 'Cel' }], 0), 'thinned');
  assert.notEqual(thin(rule, first, [{ name: 't', value: 1, unit: 'K' }], 0), 'thinned');
  const payload = Uint8Array.of(1, 2);
  const before = thin(rule, undefined, [{ name: 'b', value: payload }], 0) as Kept;
  payload.fill(9);
  assert.equal(thin(rule, before, [{ name: 'b', value: Uint8Array.of(1, 2) }], 0), 'thinned');
});

test('each device and topic is thinned by itself, and each rule', () => {
  const book = new RuleBook(
    rulesOf('[{ name: one, match: { mqttQos: 1 }, thin: { every: 1h } }, { name: two, thin: { every: 1h } }]'),
  );
  const verdict = (topic: string, device: string, mqttQos: 1 | 2 = 1) =>
    book.decide(messageOf(topic, { mqttQos }), decodedOf(device), 0).verdict;
  const pairs = [
    ['t', 'd'],
    ['t', 'e'],
    ['u', 'd'],
    ['td', ''],
    ['', 'td'],
    ['1:d', 't'],
  ] as const;
  for (const [topic, device] of pairs) {
    assert.equal(verdict(topic, device), 'keep', `${topic} ${device}`);
    assert.equal(verdict(topic, device), 'thinned', `${topic} ${device}`);
  }
  assert.equal(verdict('t', 'd', 2), 'keep');
  assert.equal(verdict('t', 'd', 2), 'thinned');
});

test('a record that was not stored is forgotten, so that it is kept when it comes again', () => {
  const book = new RuleBook(rulesOf('[{ name: it, priority: critical, thin: { onChange: true } }, { name: other }]'));
  const decide = () => book.decide(messageOf('t'), decodedOf('d', { v: 1 }), 0);
  const { handling, verdict } = decide();
  assert.equal(verdict, 'keep');
  book.forget('other', 't', 'd');
  book.forget('nobody', 't', 'd');
  book.forget(handling.rule, 't', 'e');
  assert.equal(decide().verdict, 'thinned');
  book.forget(handling.rule, 't', 'd');
  assert.equal(decide().verdict, 'keep');
});

test('ten thousand devices are remembered at once', () => {
  const book = new RuleBook(rulesOf('[{ name: it, thin: { onChange: true } }]'));
  const verdicts = () =>
    Array.from({ length: 10_000 }, (_, i) => {
      const fields = { temperature: i, humidity: 2 * i, pressure: 3 * i, state: 'running' };
      return book.decide(messageOf(`site/hall-3/device-${i}/state`), decodedOf(`device-${i}`, fields), 0).verdict;
    });
  assert.deepEqual(new Set(verdicts()), new Set(['keep']));
  assert.deepEqual(new Set(verdicts()), new Set(['thinned']));
});
