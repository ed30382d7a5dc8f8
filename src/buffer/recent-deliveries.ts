import type { DeliveryKey, RecentDelivery } from '../core/message.ts';
import { unpackDeliveries } from './delivery-keys.ts';
import type { Segment } from './segment.ts';
import type { SegmentSummary } from './worker-protocol.ts';

/** The delivery keys of one batch, and when it was taken in, in operating time. */
export interface FoundDeliveries {
  readonly keys: readonly DeliveryKey[];
  readonly ageAtMs: number;
  /** A run of the gateway ended after this, in operating time; absent: it came in the last one, as far as that can be told. */
  readonly runEndMs?: number;
}

/** Messages that are sent again after a crash are recognised by what came lately, for so long (operating time) or so much. */
export const rememberedMs = 60_000;
export const rememberedBytes = 2 ** 20;

/**
 * The segments whose delivery keys are still of use: the last one, and those before it that are young, as long as what came after
 * them is little. Each start begins a segment, so these are also those of earlier runs: a gateway may be killed
 * several times before a client hears that its message is safe.
 *
 * @param segments oldest first
 */
export function remembered(segments: readonly SegmentSummary[], nowMs: number): readonly SegmentSummary[] {
  let from = segments.length - 1;
  let bytes = segments[from]?.fileBytes ?? 0;
  while (from > 0 && bytes < rememberedBytes && nowMs - segments[from - 1]!.newestAgeMs < rememberedMs) {
    from--;
    bytes += segments[from]!.fileBytes;
  }
  return segments.slice(Math.max(from, 0));
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
  let runEndMs: number | undefined;
  // What was not acknowledged when the process died is in the young ones; had the newest just begun behind a large one, in that.
  const young = remembered(segments, segments.at(-1)?.newestAgeMs ?? 0);
  const looked = young.length < 2 ? segments.slice(-2) : young;
  for (const [place, { number, endPosition, fileBytes, newestAgeMs }] of [...looked].reverse().entries()) {
    if (count >= limit) break;
    // What is as large was ended by its size, not by the end of a run.
    // Rows have whole milliseconds.
    if (place > 0 && fileBytes < rememberedBytes) runEndMs = Math.ceil(newestAgeMs);
    for (const { answers, ageAtMs } of open(number).newestAnswers(limit - count, endPosition)) {
      const keys = unpackDeliveries(answers);
      found.push({ keys, ageAtMs, ...(runEndMs !== undefined && { runEndMs }) });
      count += keys.length;
    }
  }
  return found;
}

/**
 * The messages that all of is there: those with one key, and those with the keys of all their parts. Of one that is there in
 * part nothing is said, so it is taken in anew when it comes again.
 */
export function wholeDeliveries(
  keys: readonly (DeliveryKey & Pick<RecentDelivery, 'agoMs' | 'runsAgo'>)[],
): RecentDelivery[] {
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
