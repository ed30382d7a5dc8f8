import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sink } from '../../src/collector/sink.ts';
import {
  acknowledged,
  deliveryOf,
  kinds,
  openSink,
  range,
  sinkIn,
  storedNames,
  temporaryDirectory,
  uploadOf,
} from './fixtures.ts';

// Small numbers, so that batches meet, overlap and repeat all the time.
const batch = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 6 }))
  .map(([first, steps]) => {
    const sequences = [first];
    // Mostly one after the other; now and then a gap, a repetition or a step back.
    for (const step of steps) sequences.push(Math.max(1, sequences.at(-1)! + (step < 2 ? step : 1)));
    return sequences;
  });
const delivery = fc.record({
  gateway: fc.constantFrom('a', 'b"'),
  epoch: fc.constantFrom('1', '2'),
  batches: fc.array(batch, { minLength: 1, maxLength: 3 }),
});
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ name: fc.constant('commit' as const), group: fc.array(delivery, { maxLength: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('reopen' as const) }) },
);

for (const kind of kinds) {
  test(`${kind}: a sink holds what a set would, whatever comes how often`, () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
        const directory = mkdtempSync(join(tmpdir(), 'headgate-sink-'));
        const address = sinkIn(directory, kind);
        // In the order of arrival, as a set keeps it.
        const model = new Set<string>();
        let sink: Sink = openSink(address);
        try {
          for (const act of actions) {
            if (act.name === 'commit') {
              const deliveries = act.group.map(({ gateway, epoch, batches }) => deliveryOf(gateway, epoch, batches));
              const outcomes = sink.commit(deliveries);
              for (const [i, { gateway, epoch, batches }] of act.group.entries()) {
                const before = model.size;
                for (const sequence of batches.flat()) model.add(`${gateway}/${epoch}/${sequence}`);
                const outcome = outcomes[i]!;
                assert.equal(outcome.name === 'durable' ? outcome.newRecords : -1, model.size - before);
                assert.deepEqual(
                  expand(outcome.name === 'durable' ? outcome.sequences : []),
                  [...new Set(batches.flat())].sort(byValue),
                );
              }
            } else {
              sink.close();
              sink = openSink(address);
            }
            for (const gateway of ['a', 'b"']) {
              for (const epoch of ['1', '2']) {
                const want = [...model].filter((name) => name.startsWith(`${gateway}/${epoch}/`));
                const got = expand(sink.progress(gateway, epoch)).map((sequence) => `${gateway}/${epoch}/${sequence}`);
                assert.deepEqual(got.sort(), want.sort());
              }
            }
          }
          assert.deepEqual(storedNames(address), [...model]);
        } finally {
          sink.close();
          rmSync(directory, { recursive: true });
        }
      }),
      { numRuns: kind === 'file' ? 150 : 80 },
    );
  });

  test(`${kind}: a malformed upload is refused, and the others of its group are stored`, (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    const sink = openSink(address);
    t.after(() => sink.close());
    const good = uploadOf('bad', [[1, 2]]);
    // Its first record is sound: nothing of it may stay.
    const torn = Buffer.from(good);
    torn[torn.length - 9] = 0x0b;
    const outcomes = sink.commit([
      deliveryOf('good', '1', [[1, 2]]),
      { gateway: 'bad', epoch: '1', upload: torn },
      { gateway: 'bad', epoch: '1', upload: uploadOf('bad', [[3]]) },
      deliveryOf('good', '1', [[3]]),
      { gateway: 'worse', epoch: '1', upload: Buffer.from([0xff]) },
      { gateway: 'bad', epoch: '2', upload: uploadOf('bad', [[1]]) },
    ]);
    assert.deepEqual(acknowledged(outcomes), ['1-2', 'refused', 'refused', '3-3', 'refused', '1-1']);
    assert.deepEqual(storedNames(address), ['good/1/1', 'good/1/2', 'good/1/3', 'bad/2/1']);
    assert.equal(sink.progress('bad', '1').size, 0);
    assert.deepEqual(acknowledged(sink.commit([{ gateway: 'bad', epoch: '1', upload: good }])), ['1-2']);
  });

  test(`${kind}: nothing is everything of an empty group, an empty upload and an empty batch`, (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    const sink = openSink(address);
    t.after(() => sink.close());
    assert.deepEqual(sink.commit([]), []);
    const outcomes = sink.commit([deliveryOf('a', '1', []), deliveryOf('a', '1', [[]])]);
    assert.deepEqual(acknowledged(outcomes), ['', '']);
    assert.deepEqual(storedNames(address), []);
  });

  test(`${kind}: the newest records can be read while the sink is open, also when there are fewer`, (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    const sink = openSink(address);
    t.after(() => sink.close());
    sink.commit([deliveryOf('a', '1', [range(1, 3000)])]);
    sink.commit([deliveryOf('a', '1', [range(3001, 3010)])]);
    assert.equal(storedNames(address).length, 3010);
    sink.close();
    assert.equal(storedNames(address).length, 3010);
  });

  test(`${kind}: missing directories are made`, (t) => {
    const address = sinkIn(join(temporaryDirectory(t), 'some', 'where'), kind);
    openSink(address).close();
    openSink(address).close();
  });
}

function expand(runs: Iterable<{ first: number; last: number }>): number[] {
  return [...runs].flatMap(({ first, last }) => range(first, last));
}

function byValue(a: number, b: number): number {
  return a - b;
}
