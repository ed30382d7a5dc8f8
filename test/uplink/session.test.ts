import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Session } from '../../src/uplink/session.ts';

const limits = { windowBytes: 1_000_000, acknowledgeTimeoutMs: 30_000 };
const batch = (firstSequence: number, count: number, bytes = 100) => ({
  firstSequence,
  count,
  records: new Uint8Array(bytes),
});

test('what is acknowledged whole is settled, in whatever pieces the news comes', () => {
  const session = new Session(limits, 0);
  session.sent(batch(1, 10), 0);
  session.sent(batch(11, 10), 0);
  session.sent(batch(31, 5), 0);
  assert.deepEqual(session.acknowledged([{ first: 1, last: 4 }], 1), { ranges: [], records: 0, bytes: 0 });
  assert.deepEqual(session.acknowledged([{ first: 31, last: 35 }], 2), {
    ranges: [{ first: 31, last: 35 }],
    records: 5,
    bytes: 100,
  });
  assert.deepEqual(session.acknowledged([{ first: 5, last: 20 }], 3), {
    ranges: [{ first: 1, last: 20 }],
    records: 20,
    bytes: 200,
  });
  assert.deepEqual([session.inFlightBytes, session.inFlightCount], [0, 0]);
});

test('an acknowledgement of what was never sent is a complaint, not a deletion', () => {
  const session = new Session(limits, 0);
  session.sent(batch(5, 5), 0);
  for (const range of [
    { first: 1, last: 10 },
    { first: 0, last: 5 },
    { first: 7, last: 6 },
    { first: 10, last: 2 ** 60 },
  ]) {
    assert.ok('complaint' in session.acknowledged([range], 1), JSON.stringify(range));
  }
});

test('the window starts small, opens with acknowledgements, and stops at what was agreed', () => {
  const session = new Session(limits, 0);
  session.sent(batch(1, 1, 256 * 1024), 0);
  assert.equal(session.hasRoom, false);
  session.acknowledged([{ first: 1, last: 1 }], 1);
  session.sent(batch(2, 1, 500_000), 1);
  assert.equal(session.hasRoom, true);
  session.sent(batch(3, 1, 500_000), 1);
  assert.equal(session.hasRoom, false);
  session.acknowledged([{ first: 1, last: 3 }], 2);
  session.sent(batch(4, 1, 999_999), 2);
  assert.equal(session.hasRoom, true);
  session.sent(batch(5, 1, 1), 2);
  assert.equal(session.hasRoom, false);
});

test('it is stalled when nothing was acknowledged for too long, but a slow link gets its time, and idleness is none', () => {
  const session = new Session(limits, 0);
  assert.equal(session.isStalled(1e9), false);
  session.sent(batch(1, 1, 4096), 1_000_000);
  assert.equal(session.waitedMs(1_000_500), 500);
  // The timeout, and a second for each 4 KiB under way.
  assert.equal(session.isStalled(1_031_000), false);
  assert.equal(session.isStalled(1_031_001), true);
  session.sent(batch(2, 1, 4096), 1_010_000);
  session.acknowledged([{ first: 1, last: 1 }], 1_020_000);
  assert.equal(session.isStalled(1_051_000), false);
  assert.equal(session.isStalled(1_051_001), true);
  session.acknowledged([{ first: 2, last: 2 }], 1_060_000);
  assert.equal(session.isStalled(2e9), false);
});

test('whatever comes when, each batch is settled once, and only when all of it is durable', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 })), { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 15 }), steps, (counts, acks) => {
      const session = new Session(limits, 0);
      let next = 1;
      const batches = counts.map((count) => {
        const sent = batch(next, count, count * 10);
        next += count;
        session.sent(sent, 0);
        return sent;
      });
      const durable = new Set<number>();
      const settled = new Set<number>();
      for (const [first, more] of acks) {
        const last = Math.min(first + more, next - 1);
        if (last < first) continue;
        for (let n = first; n <= last; n++) durable.add(n);
        const result = session.acknowledged([{ first, last }], 1);
        assert.ok('ranges' in result);
        for (const range of result.ranges) {
          for (let n = range.first; n <= range.last; n++) {
            assert.ok(!settled.has(n), `${n} settled twice`);
            settled.add(n);
          }
        }
      }
      for (const { firstSequence, count } of batches) {
        const numbers = Array.from({ length: count }, (_, i) => firstSequence + i);
        assert.equal(
          settled.has(firstSequence),
          numbers.every((n) => durable.has(n)),
        );
      }
      const waiting = batches.filter(({ firstSequence }) => !settled.has(firstSequence));
      assert.equal(
        session.inFlightBytes,
        waiting.reduce((sum, { records }) => sum + records.length, 0),
      );
    }),
  );
});
