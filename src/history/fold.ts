import type { Blocks } from './blocks.ts';
import { Buckets, numberAt } from './buckets.ts';
import { type JournalRow, type Level, levels, shifted } from './journal.ts';
import { JournalWriter } from './journal-rows.ts';
import { tiers } from './tiers.ts';

/** Which tiers a level's rows go to, the finer one first. */
const tiersOf: readonly (readonly [number, number])[] = [
  [0, 1],
  [2, 3],
];

export interface Folded {
  /** What goes to the next level's journal; undefined: there is no further level. */
  readonly coarser: JournalWriter | undefined;
  /** What has no place yet: it stays in this level's journal. */
  readonly rest: JournalWriter;
  readonly series: readonly number[];
}

/**
 * Puts what the journal's rows say at its place in two tiers, series by series, so that no more of it is in memory than one
 * series' buckets and the packed rows; with turns for others in between. Each tier is made of the one before it. To be called in the transaction that
 * deletes the rows.
 *
 * @param rows in their order
 * @param untilMs what is later stays: its blocks are not complete, and would be written twice
 * @param turnMs after so long whoever asks something gets a turn
 * @param sinceMs by tier: older blocks are past keeping
 */
export function* fold(
  level: Level,
  rows: readonly JournalRow[],
  blocks: Blocks,
  untilMs: number,
  sinceMs: readonly number[],
  turnMs: number,
): Generator<void, Folded> {
  const [fine, coarse] = tiersOf[level]!;
  const coarser = level === 0 ? new JournalWriter(levels[1]) : undefined;
  const rest = new JournalWriter(levels[level]);
  const series: number[] = [];
  const found = [new Buckets(), new Buckets(), new Buckets()] as const;
  const later = new Buckets();
  let since = performance.now();
  const until = untilMs / levels[level];
  for (;;) {
    if (performance.now() - since >= turnMs) {
      yield;
      since = performance.now();
    }
    let next = Number.POSITIVE_INFINITY;
    for (const { reader } of rows) next = Math.min(next, reader.series);
    if (next === Number.POSITIVE_INFINITY) return { coarser, rest, series };
    series.push(next);
    for (const buckets of found) buckets.clear();
    later.clear();
    const [finest, wider, widest] = found;
    for (const { reader, shiftMs } of rows) {
      if (reader.series !== next) continue;
      reader.read((bucket) => {
        const one = shifted(bucket, 0, shiftMs, levels[level]);
        const number = one[numberAt]!;
        (number < until ? finest : later).put(number, one, 0);
      });
      reader.next();
    }
    rest.add(next, later);
    blocks.put(fine, next, finest, sinceMs[fine]!);
    finest.rollInto(wider, tiers[coarse]!.widthMs / tiers[fine]!.widthMs);
    blocks.put(coarse, next, wider, sinceMs[coarse]!);
    if (coarser !== undefined) {
      wider.rollInto(widest, levels[1] / tiers[coarse]!.widthMs);
      coarser.add(next, widest);
    }
  }
}
