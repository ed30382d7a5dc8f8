import type { DeliveryKey, RecentDelivery } from '../core/message.ts';
import { unpackDeliveries } from './delivery-keys.ts';
import type { Segment } from './segment.ts';
import type { SegmentSummary } from './worker-protocol.ts';

/** The delivery keys of one batch, and when it was taken in, in operating time. */
export interface FoundDeliveries {
  readonly keys: readonly DeliveryKey[];
  readonly ageAtMs: number;
}

/**
 * A lane's newest delivery keys, newest batch first, until there are `limit`.
 * @param segments oldest first
 */
export function recentDeliveries(
  segments: readonly SegmentSummary[],
  open: (number: number) => Segment,
  limit: number,
): FoundDeliveries[] {
  const found: FoundDeliveries[] = [];
  let count = 0;
  // What was not acknowledged when the process died is in the newest, or, had that just begun, in the one before.
  for (const { number, endPosition } of segments.slice(-2).reverse()) {
    if (count >= limit) break;
    for (const { answers, ageAtMs } of open(number).newestAnswers(limit - count, endPosition)) {
      const keys = unpackDeliveries(answers);
      found.push({ keys, ageAtMs });
      count += keys.length;
    }
  }
  return found;
}

/**
 * The messages that all of is there: those with one key, and those with the keys of all their parts. Of one that is there in
 * part nothing is said, so it is taken in anew when it comes again.
 */
export function wholeDeliveries(keys: readonly (DeliveryKey & { readonly agoMs: number })[]): RecentDelivery[] {
  const partsFound = new Map<string, Set<number>>();
  return keys.flatMap(({ part, ...key }) => {
    if (part === undefined) return [key];
    const { index, of, division } = part;
    const name = JSON.stringify([key.client, key.packetId, key.digest, of, division]);
    const found = partsFound.get(name) ?? new Set();
    partsFound.set(name, found.add(index));
    if (found.size < of) return [];
    partsFound.delete(name);
    return [key];
  });
}
