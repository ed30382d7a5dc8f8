import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChartSeries } from '../../src/dashboard/charts/history.ts';
import { Track } from '../../src/dashboard/charts/track.ts';
import { type Choice, choiceOf, queryOf } from '../../src/dashboard/pages/explore/choice.ts';
import { csvOf, fileName, ndjsonOf, rowsOfShown } from '../../src/dashboard/pages/explore/export.ts';

const at = Date.parse('2026-11-25T12:00:00Z');

test('a choice comes back from the address as it was put there', () => {
  const choices: Choice[] = [
    { series: [], windowMs: 3_600_000, span: undefined },
    {
      series: [
        { device: 'zigbee2mqtt:fridge', field: 'a,b\\c', tags: 'room=3,rack=b' },
        { device: '\u202e<b>', field: ' ', tags: '' },
      ],
      ...{ windowMs: 300_000, span: undefined },
    },
    { series: [{ device: 'a', field: 'b', tags: '' }], windowMs: 60_000, span: { fromMs: at, toMs: at + 60_000 } },
  ];
  for (const choice of choices) assert.deepEqual(choiceOf(queryOf(choice)), choice);
});

test('whatever stands in an address, there is a choice', () => {
  const rows: [query: Record<string, string>, series: number, windowMs: number][] = [
    [{}, 0, 3_600_000],
    [{ s: 'a:b,a:b,a,:b,,\\' }, 1, 3_600_000],
    [{ s: Array.from({ length: 20 }, (_, n) => `d${n}:f`).join(',') }, 8, 3_600_000],
    [{ w: '86400' }, 0, 86_400_000],
    [{ w: '-5' }, 0, 3_600_000],
    [{ from: '2026-11-25T12:00:00Z', to: '2026-11-25T11:00:00Z', w: '300' }, 0, 300_000],
    [{ from: 'yesterday', to: '2026-11-25T11:00:00Z' }, 0, 3_600_000],
  ];
  for (const [query, series, windowMs] of rows) {
    const choice = choiceOf(query);
    assert.deepEqual([choice.series.length, choice.windowMs], [series, windowMs], JSON.stringify(query));
  }
});

test('what is shown is saved row by row: points, buckets, states and texts', () => {
  const series: ChartSeries[] = ['t', 'door', 'mode', 'p'].map((field) => ({
    ...{ device: 'a"b', field, label: field, unit: field === 't' ? '°C' : null },
  }));
  const [t, door, mode, power] = [new Track(), new Track(), new Track(), new Track(10_000)];
  t.add(at - 1, 1);
  t.add(at, 21.5);
  door.add(at, true);
  mode.add(at, 'eco');
  power.put(at - 10_000, 9);
  power.put(at, 2, 1, 3, 2);
  power.put(at + 20_000, 2);
  const rows = () => rowsOfShown(series, [t, door, mode, power], { fromMs: at, toMs: at + 10_000 });
  assert.deepEqual(csvOf(rows()).split('\r\n'), [
    'device,field,tags,unit,time,value,min,avg,max',
    '"a""b",t,,°C,2026-11-25T12:00:00.000Z,21.5,,,',
    '"a""b",door,,,2026-11-25T12:00:00.000Z,true,,,',
    '"a""b",mode,,,2026-11-25T12:00:00.000Z,eco,,,',
    '"a""b",p,,,2026-11-25T12:00:00.000Z,,1,2,3',
    '',
  ]);
  assert.deepEqual(
    ndjsonOf(rows())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).value),
    [21.5, true, 'eco', undefined],
  );
  // A bucket that goes on within the window belongs to it.
  const late = [...rowsOfShown(series, [t, door, mode, power], { fromMs: at + 1, toMs: at + 9_000 })];
  assert.deepEqual(
    late.map(({ field, max }) => [field, max]),
    [['p', 3]],
  );
  assert.equal(
    fileName('../x\u0000/é:1', { fromMs: at, toMs: at + 1 }, 'csv'),
    'headgate-..-x-é-1-2026-11-25T120000Z-2026-11-25T120000Z.csv',
  );
});
