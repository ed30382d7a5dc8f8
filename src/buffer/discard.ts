import type { DropReason } from '../core/handling.ts';
import type { MonotonicMs, UnixMs } from '../core/time.ts';
import type { Lane } from './lane.ts';

/** Counts a record that never came into the lane, and notes it to be told of. @param now operating time */
export function discard(
  lane: Lane,
  reason: DropReason,
  device: string | undefined,
  atMs: UnixMs,
  now: MonotonicMs,
): void {
  lane.ledger.dropUnstored(1, reason);
  // What a rule asks for is told by rule: to name each device would make as many records as it spares.
  const isChoice = reason === 'thinned' || reason === 'not-forwarded';
  const book = isChoice ? lane.gaps.choices : lane.gaps.losses;
  const { rule } = lane.info;
  book.note({ reason, rule, ...(!isChoice && { device }), count: 1, firstAtMs: atMs, lastAtMs: atMs });
  lane.touch('counts', now);
}
