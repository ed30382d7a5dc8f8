import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastSequenceOf, type StoredBatch } from '../../src/core/batch.ts';
import { Fifo } from '../../src/lib/fifo.ts';
import type { Interval } from '../../src/lib/intervals.ts';
import { Session } from '../../src/uplink/session.ts';

const limits = { windowBytes: 1_000_000, acknowledgeTimeoutMs: 30_000, liveShare: 0.5 };
const batch = (firstSequence: number, count: number, bytes = 100, lane = 'a'): StoredBatch => ({
  lane,
  firstSequence,
  count,
  records: new Uint8Array(bytes),
});
const started = (durable: readonly Interval[] = []): Session => new Session(limits, durable, 0);

/** The first sequences of what an acknowledgement settled. */
function settle(session: Session, ranges: readonly (readonly [first: number, last: number])[], now = 1): number[] {
  const settled = session.acknowledged(
    ranges.map(([first, last]) => ({ first, last })),
    now,
  );
  if ('complaint' in settled) assert.fail(settled.complaint);
  assert.equal(
    settled.records,
    settled.batches.reduce((sum, { count }) => sum + count, 0),
  );
  return settled.batches.map(({ firstSequence }) => firstSequence).sort((a, b) => a - b);
}

test('what is acknowledged whole is settled, in whatever pieces and order the news comes, over all lanes', () => {
  const session = started();
  session.sent(batch(31, 5, 100, 'b'), 'critical', 'live', 0);
  session.sent(batch(1, 10), 'normal', 'live', 0);
  session.sent(batch(11, 10), 'normal', 'live', 0);
  assert.deepEqual(
    [session.underWay('a'), session.underWay('b')],
    [[{ first: 1, last: 20 }], [{ first: 31, last: 35 }]],
  );
  assert.deepEqual(settle(session, [[1, 4]]), []);
  assert.deepEqual(settle(session, [[31, 35]]), [31]);
  assert.deepEqual(session.underWay('b'), []);
  assert.deepEqual(settle(session, [[11, 20]]), [11]);
  assert.deepEqual(session.underWay('a'), [{ first: 1, last: 10 }]);
  assert.deepEqual(
    settle(session, [
      [5, 7],
      [8, 20],
    ]),
    [1],
  );
  assert.deepEqual([session.inFlightBytes, session.inFlightCount, session.underWay('a')], [0, 0, []]);
});

test('what was settled is told by priority, as the very objects that were sent', () => {
  const session = started();
  const sent = [batch(1, 10, 50), batch(11, 5, 20, 'b')];
  session.sent(sent[0]!, 'normal', 'live', 0);
  session.sent(sent[1]!, 'critical', 'live', 0);
  const settled = session.acknowledged([{ first: 1, last: 15 }], 1);
  assert.deepEqual(settled, {
    batches: sent,
    records: 15,
    recordsByPriority: { critical: 5, normal: 10, bulk: 0 },
    bytes: 70,
  });
  assert.ok('batches' in settled && settled.batches.every((one) => sent.includes(one)));
});

test('an acknowledgement of what the collector can not know is a complaint, and settles nothing', () => {
  for (const [first, last] of [
    [1, 10],
    [0, 5],
    [7, 6],
    [10, 2 ** 60],
  ] as const) {
    const session = started();
    session.sent(batch(5, 5), 'normal', 'live', 0);
    const answer = session.acknowledged(
      [
        { first: 5, last: 9 },
        { first, last },
      ],
      1,
    );
    assert.ok('complaint' in answer, `${first} to ${last}`);
    assert.equal(session.inFlightCount, 1);
  }
});

test('what is acknowledged before it is sent is not settled by that, and ranges may touch what was durable before', () => {
  const session = started([{ first: 100, last: 200 }]);
  assert.equal(session.isDurable(batch(150, 51)), true);
  assert.equal(session.isDurable(batch(150, 52)), false);
  session.sent(batch(90, 10), 'normal', 'live', 0);
  // Another lane's sequences lie below what was sent, and have not been sent yet.
  assert.deepEqual(settle(session, [[1, 200]]), [90]);
  session.sent(batch(10, 10, 100, 'b'), 'normal', 'live', 1);
  assert.deepEqual(settle(session, [[90, 99]]), []);
  assert.deepEqual(settle(session, [[10, 19]]), [10]);
});

test('what is asked for again may be older than what is under way in its lane, or the same', () => {
  const session = started();
  for (const first of [50, 10, 30, 10]) session.sent(batch(first, 5), 'normal', 'live', 0);
  assert.deepEqual(session.underWay('a'), [{ first: 10, last: 54 }]);
  assert.deepEqual(settle(session, [[30, 54]]), [30, 50]);
  assert.deepEqual(settle(session, [[10, 14]]), [10, 10]);
  assert.equal(session.inFlightBytes, 0);
});

test('the window starts small, opens with acknowledgements while it is used, and stops at what was agreed', () => {
  const session = started();
  session.sent(batch(1, 1, 16 * 1024), 'normal', 'live', 0);
  assert.deepEqual([session.hasRoom, session.uploadBytes('live', 0)], [false, 4 * 1024]);
  settle(session, [[1, 1]]);
  session.sent(batch(2, 1, 32 * 1024 - 1), 'normal', 'live', 1);
  assert.equal(session.hasRoom, true);
  session.sent(batch(3, 1, 1_000_000), 'normal', 'live', 1);
  assert.equal(session.hasRoom, false);
  settle(session, [[2, 3]], 2);
  session.sent(batch(4, 1, 999_999), 'normal', 'live', 2);
  assert.deepEqual([session.hasRoom, session.uploadBytes('live', 0)], [true, 250_000]);
  session.sent(batch(5, 1, 1), 'normal', 'live', 2);
  assert.equal(session.hasRoom, false);
});

test('a window that is hardly used does not grow: what the link can take is not known by that', () => {
  const session = started();
  for (let n = 1; n <= 100; n++) {
    session.sent(batch(n, 1, 8_000), 'normal', 'live', n);
    settle(session, [[n, n]], n);
  }
  session.sent(batch(101, 1, 16 * 1024), 'normal', 'live', 101);
  assert.equal(session.hasRoom, false);
});

/**
 * Keeps a link full that takes so many bytes a second, and a sink that takes so long for every acknowledgement.
 * @returns what is queued in front of the link at the end, in milliseconds
 */
function queuedMs(bytesPerSecond: number, latencyMs: (now: number) => number, seconds: number): number {
  const session = new Session({ ...limits, windowBytes: 8 * 2 ** 20 }, [], 0);
  const records = new Uint8Array(bytesPerSecond / 50);
  const underWay = new Fifo<{ readonly sequence: number; readonly arrivesAt: number }>();
  let freeAt = 0;
  let sequence = 0;
  for (let now = 0; now < seconds * 1_000; now += 20) {
    for (let first = underWay.first; first !== undefined && first.arrivesAt <= now; first = underWay.first) {
      settle(session, [[first.sequence, first.sequence]], now);
      underWay.shift();
    }
    while (session.hasRoom) {
      sequence++;
      session.sent({ lane: 'a', firstSequence: sequence, count: 1, records }, 'normal', 'live', now);
      freeAt = Math.max(freeAt, now) + (records.length / bytesPerSecond) * 1_000;
      underWay.push({ sequence, arrivesAt: freeAt + latencyMs(now) });
    }
  }
  return freeAt - seconds * 1_000;
}

test('on a slow link no more than a few seconds queue in front of the next critical record; a fast one is filled', () => {
  // 8 MiB at 50 kB/s would be nearly three minutes.
  assert.ok(queuedMs(50_000, () => 100, 200) < 2_000);
  assert.ok(queuedMs(10_000, () => 600, 200) < 6_000);
  // Always something queued: the link is never idle, be the sink quick or slow.
  assert.ok(queuedMs(1_000_000, () => 5, 20) > 0);
  assert.ok(queuedMs(1_000_000, () => 2_000, 60) > 0);
  // One that becomes slow is waited for longer, but not for what queues in front of it.
  assert.ok(queuedMs(1_000_000, (now) => (now < 10_000 ? 5 : 2_000), 120) > 0);
});

test('it knows how long an acknowledgement takes, and that one is overdue', () => {
  const session = started();
  assert.equal(session.acknowledgeMs(1_000), Number.POSITIVE_INFINITY);
  session.sent(batch(1, 1), 'normal', 'live', 1_000);
  settle(session, [[1, 1]], 1_080);
  assert.equal(session.acknowledgeMs(9_000), 80);
  session.sent(batch(2, 1), 'normal', 'live', 9_000);
  settle(session, [[2, 2]], 9_160);
  assert.equal(session.acknowledgeMs(9_200), 90);
  session.sent(batch(3, 1), 'normal', 'live', 10_000);
  assert.deepEqual([session.acknowledgeMs(10_010), session.acknowledgeMs(12_000)], [90, 2_000]);
});

test('it is stalled when nothing was acknowledged for too long, but a slow link gets its time, and idleness is none', () => {
  const session = started();
  assert.equal(session.isStalled(1e9), false);
  session.sent(batch(1, 1, 4096), 'normal', 'live', 1_000_000);
  assert.equal(session.waitedMs(1_000_500), 500);
  // The timeout, and a second for each 4 KiB under way.
  assert.equal(session.isStalled(1_031_000), false);
  assert.equal(session.isStalled(1_031_001), true);
  session.sent(batch(2, 1, 4096), 'normal', 'live', 1_010_000);
  settle(session, [[1, 1]], 1_020_000);
  assert.equal(session.isStalled(1_051_000), false);
  assert.equal(session.isStalled(1_051_001), true);
  settle(session, [[2, 2]], 1_060_000);
  assert.equal(session.isStalled(2e9), false);
});

test('whatever comes when, each batch is settled once, and only when all of it is durable', () => {
  const sends = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('a', 'b', 'c')), {
    minLength: 1,
    maxLength: 15,
  });
  const ranges = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(sends, ranges, fc.integer({ min: 1, max: 5 }), (all, acknowledgements, every) => {
      const session = started();
      const unsent: StoredBatch[] = [];
      let next = 1;
      for (const [count, lane] of all) {
        unsent.push(batch(next, count, count * 10, lane));
        next += count;
      }
      /** Lanes go one after the other, so that sequences come out of order. */
      unsent.sort((a, b) => a.lane.localeCompare(b.lane) || a.firstSequence - b.firstSequence);
      const sent: { batch: StoredBatch; missing: Set<number> }[] = [];
      const settled = new Set<number>();
      for (const [index, [first, more]] of acknowledgements.entries()) {
        const due = index % every === 0 ? unsent.shift() : undefined;
        if (due !== undefined) {
          session.sent(due, 'normal', 'live', 0);
          const missing = Array.from({ length: due.count }, (_, i) => due.firstSequence + i);
          sent.push({ batch: due, missing: new Set(missing) });
        }
        const lastSent = Math.max(0, ...sent.map(({ batch }) => lastSequenceOf(batch)));
        const last = Math.min(first + more, lastSent);
        if (last < first) continue;
        for (const { missing } of sent) for (let n = first; n <= last; n++) missing.delete(n);
        for (const sequence of settle(session, [[first, last]])) {
          assert.ok(!settled.has(sequence), `${sequence} settled twice`);
          settled.add(sequence);
        }
        for (const { batch, missing } of sent) assert.equal(settled.has(batch.firstSequence), missing.size === 0);
      }
      const waiting = sent.filter(({ missing }) => missing.size > 0).map(({ batch }) => batch);
      assert.equal(session.inFlightCount, waiting.length);
      assert.equal(
        session.inFlightBytes,
        waiting.reduce((sum, { records }) => sum + records.length, 0),
      );
      for (const lane of ['a', 'b', 'c']) {
        const own = waiting.filter((one) => one.lane === lane);
        const last = own.at(-1);
        const expected = own[0] && last ? [{ first: own[0].firstSequence, last: lastSequenceOf(last) }] : [];
        assert.deepEqual(session.underWay(lane), expected);
      }
    }),
    { numRuns: 300 },
  );
});
