import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type EvictableLane, evict } from '../../src/buffer/evict.ts';
import type { SegmentSummary } from '../../src/buffer/worker-protocol.ts';
import { rounds, seededRandom } from '../support/random.ts';

const nowMs = 1_000_000;

interface Kind {
  readonly priority: EvictableLane['priority'];
  readonly isKept: boolean;
  readonly ttlMs: number | undefined;
  /** Of its segments: what waits in each, its age, and its size; the order is that of the lane. */
  readonly segments: readonly { readonly waits: boolean; readonly ageMs: number; readonly fileBytes: number }[];
  /** Which of them is being sent. */
  readonly sent: number;
}

const kinds: fc.Arbitrary<Kind> = fc
  .record({
    priority: fc.constantFrom('critical' as const, 'normal' as const, 'bulk' as const),
    isBlocking: fc.boolean(),
    ttlMs: fc.constantFrom(undefined, 500_000),
    segments: fc.array(
      fc.record({
        waits: fc.boolean(),
        ageMs: fc.integer({ min: 0, max: nowMs }),
        fileBytes: fc.integer({ min: 30_000, max: 200_000 }),
      }),
      { maxLength: 5 },
    ),
    sent: fc.integer({ min: -3, max: 4 }),
  })
  .map(({ isBlocking, ...kind }) => ({ ...kind, isKept: isBlocking || kind.priority === 'critical' }));

/** Sequences are given to the lanes in turn. */
function lanesOf(all: readonly Kind[]): EvictableLane[] {
  return all.map(({ priority, isKept, ttlMs, segments, sent }, index) => {
    const summaries = segments.map(({ ageMs, fileBytes }, number): SegmentSummary => {
      const firstSequence = 1 + number * 1_000 + index * 10;
      const times = { oldestMs: 0, oldestAgeMs: 0, newestMs: 0, newestAgeMs: nowMs - ageMs };
      const positions = { firstPosition: number * 10, endPosition: number * 10 + 10 };
      return { number, ...positions, firstSequence, lastSequence: firstSequence + 9, bytes: 100, fileBytes, ...times };
    });
    const underWay = summaries
      .filter((_, number) => number === sent)
      .map(({ firstSequence, lastSequence }) => ({ first: firstSequence, last: lastSequence }));
    const isRemoved = ({ number }: SegmentSummary): boolean => !segments[number]!.waits;
    return { key: String(index), priority, isKept, ttlMs, segments: summaries, isRemoved, underWay };
  });
}

test('what goes is what may go, in order: delivered, expired, the oldest bulk, the oldest normal; and no more', (t) => {
  const seed = seededRandom(t).between(0, 2 ** 31 - 1);
  const property = fc.property(
    fc.array(kinds, { maxLength: 6 }),
    fc.integer({ min: 1, max: 1_500_000 }),
    (all, excess) => {
      const lanes = lanesOf(all);
      const taken = evict(lanes, excess, nowMs);
      const ranks = taken.map(({ lane: key, reason, segment }) => {
        const lane = lanes[Number(key)]!;
        const isExpired = lane.ttlMs !== undefined && segment.newestAgeMs + lane.ttlMs < nowMs;
        const isSent = lane.underWay[0]?.first === segment.firstSequence;
        assert.equal(reason === 'delivered', lane.isRemoved(segment));
        if (reason !== 'delivered') assert.ok(!isSent, 'what is being sent stays');
        if (reason !== 'delivered') assert.equal(reason, isExpired ? 'expired' : 'evicted');
        if (reason === 'evicted') assert.ok(!lane.isKept, 'what must not be dropped stays');
        return { delivered: 0, expired: 1, evicted: lane.priority === 'bulk' ? 2 : 3 }[reason];
      });
      assert.deepEqual(ranks, ranks.toSorted(), 'the order of kinds');
      for (const rank of [2, 3]) {
        const sequences = taken.filter((_, i) => ranks[i] === rank).map(({ segment }) => segment.firstSequence);
        assert.deepEqual(
          sequences,
          sequences.toSorted((a, b) => a - b),
          'the oldest first',
        );
      }
      assert.equal(new Set(taken.map(({ lane, segment }) => `${lane}/${segment.number}`)).size, taken.length);
      const freed = taken.map(({ segment }) => segment.fileBytes);
      const withoutLast = freed.slice(0, -1).reduce((sum, bytes) => sum + bytes, 0);
      assert.ok(withoutLast < excess, 'no more than has to');
      // It may fall short only when nothing is left that may go.
      if (withoutLast + (freed.at(-1) ?? 0) >= excess) return;
      for (const lane of lanes) {
        for (const segment of lane.segments) {
          const isTaken = taken.some((one) => one.lane === lane.key && one.segment === segment);
          const isSent = lane.underWay[0]?.first === segment.firstSequence;
          const isExpired = lane.ttlMs !== undefined && segment.newestAgeMs + lane.ttlMs < nowMs;
          if (lane.isRemoved(segment) || isSent || (lane.isKept && !isExpired)) continue;
          assert.ok(isTaken, `${lane.key}/${segment.number} might have gone`);
        }
      }
    },
  );
  fc.assert(property, { seed, numRuns: rounds(2_000, 100_000) });
});
