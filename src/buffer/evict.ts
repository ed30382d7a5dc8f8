import type { DropReason } from '../core/handling.ts';
import type { Priority } from '../core/priority.ts';
import type { Interval } from '../lib/intervals.ts';
import type { SegmentSummary } from './worker-protocol.ts';

/** What is to be known of a lane to decide what goes. */
export interface EvictableLane {
  readonly key: string;
  readonly priority: Priority;
  /** Its records are not dropped for others: their source waits. */
  readonly isKept: boolean;
  readonly ttlMs: number | undefined;
  /** Oldest first; the last one may be active. */
  readonly segments: readonly SegmentSummary[];
  /** Nothing in this segment waits any more. */
  isRemoved(segment: SegmentSummary): boolean;
  /** Sequences that are being sent right now: a backlog's, and live ones. */
  readonly underWay: readonly Interval[];
}

/** A segment that goes, and why: `delivered` if nothing in it waits. */
export interface Eviction {
  readonly lane: string;
  readonly segment: SegmentSummary;
  readonly reason: Extract<DropReason, 'expired' | 'evicted'> | 'delivered';
}

/** What a segment takes that holds nothing but its lane's state. */
export const stateBytes = 64 * 1024;

/** Delivered first, then what has outlived its time, then the oldest bulk, then the oldest normal. */
const orderOfPriority: readonly Priority[] = ['bulk', 'normal'];

/** Segments in which every batch has outlived its lane's time to live. Pure. */
export function expired(lanes: readonly EvictableLane[], operatingMs: number): Eviction[] {
  return lanes.flatMap((lane) =>
    lane.segments
      .filter(
        (segment) => isExpired(lane, segment, operatingMs) && !lane.isRemoved(segment) && !isUnderWay(lane, segment),
      )
      .map((segment) => ({ lane: lane.key, segment, reason: 'expired' as const })),
  );
}

/**
 * What has to go to free `excessBytes`: as little as does, in order. May fall short, when the rest must not be dropped.
 * Pure.
 */
export function evict(lanes: readonly EvictableLane[], excessBytes: number, operatingMs: number): Eviction[] {
  const candidates: Eviction[] = [];
  for (const lane of lanes) {
    for (const segment of lane.segments) {
      // One with its state would take the last one's place at once.
      const isWorthIt = segment !== lane.segments.at(-1) || segment.fileBytes > stateBytes;
      if (lane.isRemoved(segment) && isWorthIt) candidates.push({ lane: lane.key, segment, reason: 'delivered' });
    }
  }
  candidates.push(...expired(lanes, operatingMs));
  for (const priority of orderOfPriority) {
    const evictable = lanes
      .filter((lane) => lane.priority === priority && !lane.isKept)
      .flatMap((lane) =>
        lane.segments
          .filter((one) => one.endPosition > one.firstPosition && !isUnderWay(lane, one) && !lane.isRemoved(one))
          .filter((one) => !isExpired(lane, one, operatingMs))
          .map((segment) => ({ lane: lane.key, segment, reason: 'evicted' as const })),
      );
    // Sequences are given in the order of time, whatever a clock said.
    candidates.push(...evictable.sort((a, b) => a.segment.firstSequence - b.segment.firstSequence));
  }
  let freed = 0;
  const taken: Eviction[] = [];
  for (const candidate of candidates) {
    if (freed >= excessBytes) break;
    taken.push(candidate);
    freed += candidate.segment.fileBytes;
  }
  return taken;
}

function isExpired({ ttlMs }: EvictableLane, segment: SegmentSummary, operatingMs: number): boolean {
  return (
    ttlMs !== undefined && segment.endPosition > segment.firstPosition && segment.newestAgeMs + ttlMs < operatingMs
  );
}

function isUnderWay({ underWay }: EvictableLane, { firstSequence, lastSequence }: SegmentSummary): boolean {
  return underWay.some(({ first, last }) => first <= lastSequence && last >= firstSequence);
}
