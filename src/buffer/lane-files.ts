import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Intervals } from '../lib/intervals.ts';
import { readFiles } from './evidence.ts';
import type { LaneState } from './ledger.ts';
import { type Examined, metaIn } from './rebuild.ts';
import { Segment } from './segment.ts';
import { removeFiles, type SegmentMeta } from './segment-file.ts';
import { examine, numbersIn, pathOf } from './segment-files.ts';
import { born, isUnborn } from './unborn.ts';
import type { Damage, LaneInfo, SegmentSummary } from './worker-protocol.ts';

/** A lane as its files tell it. */
export interface FoundLaneFiles {
  readonly info: LaneInfo;
  /** Oldest first. */
  readonly sealed: readonly SegmentSummary[];
  /** The newest state that can be read, as JSON. */
  readonly state: string | undefined;
  /** The newest state was damaged: this one does not know of the latest. */
  readonly isStateOld: boolean;
  readonly nextNumber: number;
  readonly nextPosition: number;
  /** Positions that nobody waits for: delivered, dropped, or found to be lost just now. */
  readonly gone: Intervals;
}

/**
 * Finds what earlier runs left in a lane's folder, and puts it in order.
 * @returns `files` undefined when there are no segments that could be opened or saved, and nothing is known of what they held
 */
export function findLane(
  directory: string,
  damagedDirectory: string,
): {
  readonly files: FoundLaneFiles | undefined;
  readonly metas: readonly SegmentMeta[];
  readonly damages: readonly Damage[];
} {
  const damages: Damage[] = [];
  const known = new Map<number, SegmentSummary>();
  const found = new Map<number, Examined>();
  const numbers = bornIn(directory);
  let meta: SegmentMeta | undefined;
  const fallback = (): SegmentMeta =>
    ownerOf(meta) ?? metaOfAny(directory, numbers) ?? { gateway: '', epoch: '', lane: guessInfo(basename(directory)) };
  // Newest first: it knows about the others, which then need not be opened.
  for (const number of numbers.toReversed()) {
    if (known.has(number) && isClosed(pathOf(directory, number))) continue;
    const examined = examine(directory, number, known.get(number), fallback, damagedDirectory);
    if (!('summary' in examined)) {
      damages.push(examined);
      continue;
    }
    if (examined.damage !== undefined) damages.push(examined.damage);
    found.set(number, examined);
    meta ??= examined.meta;
    for (const other of examined.others) if (!known.has(other.number)) known.set(other.number, other);
  }
  const holes = damages.flatMap((damage) => damage.holes);
  // Without a segment there is no lane, unless it can be told how many are lost: they are counted under what it was.
  if (meta === undefined && holes.length > 0) meta = fallback();
  if (meta === undefined) return { files: undefined, metas: [], damages };
  const sealed = inOrder(numbers.flatMap((number) => found.get(number)?.summary ?? known.get(number) ?? []));
  const newest = [...found.values()].sort((a, b) => b.summary.number - a.summary.number);
  const last = numbers.at(-1) ?? 0;
  const state = newestState(newest, last, sealed, directory);
  // What is removed was there once: its positions must not be given away again.
  const removed = state.json === undefined ? [] : (JSON.parse(state.json) as LaneState).removed;
  const gone = new Intervals(removed.map(([first, last]) => ({ first, last })));
  // So was what is lost, also where it leaves no segment behind.
  for (const { first, last } of holes) gone.add(first, last);
  const ends = [...sealed.map(({ endPosition }) => endPosition), (gone.last?.last ?? -1) + 1];
  return {
    files: {
      info: meta.lane,
      sealed,
      state: state.json,
      isStateOld: state.isOld,
      nextNumber: last + 1,
      nextPosition: Math.max(...ends),
      gone,
    },
    metas: newest.map((one) => one.meta).filter(({ gateway }) => gateway !== ''),
    damages,
  };
}

/** The numbers of the segments; the newest goes when it was only being made. */
function bornIn(directory: string): number[] {
  const numbers = numbersIn(directory);
  const newest = numbers.at(-1);
  if (newest === undefined) return numbers;
  const path = pathOf(directory, newest);
  if (!isUnborn(path, readFiles(path))) return numbers;
  removeFiles(path);
  born(path);
  return numbers.slice(0, -1);
}

/** One file, and nothing in a log beside it. */
function isClosed(path: string): boolean {
  return existsSync(path) && !existsSync(`${path}-wal`);
}

/** What lies behind the next segment's start was left by a write that failed, and does not count. */
function inOrder(summaries: readonly SegmentSummary[]): SegmentSummary[] {
  return summaries.map((summary, index) => {
    const next = summaries[index + 1];
    const isCut =
      next !== undefined && next.firstPosition >= summary.firstPosition && summary.endPosition > next.firstPosition;
    return isCut ? { ...summary, endPosition: next.firstPosition } : summary;
  });
}

/** @param examined newest first */
function newestState(
  examined: readonly Examined[],
  newest: number,
  sealed: readonly SegmentSummary[],
  directory: string,
): { readonly json: string | undefined; readonly isOld: boolean } {
  const last = examined.at(0);
  const isOld = last === undefined || last.summary.number !== newest || last.damage !== undefined;
  let json = examined.find(({ state }) => state !== undefined)?.state;
  // Each segment was given the state of its day: an old one is better than none.
  for (const summary of sealed.toReversed()) {
    if (!isOld || json !== undefined) break;
    json = stateIn(pathOf(directory, summary.number), summary);
  }
  return { json, isOld };
}

function stateIn(path: string, summary: SegmentSummary): string | undefined {
  let segment: Segment | undefined;
  try {
    segment = Segment.open(path, summary.number, summary);
    return segment.saved.state;
  } catch {
    // It is damaged too, which is found out, and said, when it is read for sending.
    return undefined;
  } finally {
    segment?.close();
  }
}

/** Whose a lane's folder is, as the first of its segments says that can be read. */
function metaOfAny(directory: string, numbers: readonly number[]): SegmentMeta | undefined {
  for (const number of numbers) {
    const owner = ownerOf(metaIn(readFiles(pathOf(directory, number))));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/** What a segment's meta says of all of its lane. */
function ownerOf(meta: SegmentMeta | undefined): SegmentMeta | undefined {
  return meta && { gateway: meta.gateway, epoch: meta.epoch, lane: meta.lane };
}

/** Nothing is left that says what a lane was: its records are sent all the same, as a rule's without a wish. */
function guessInfo(key: string): LaneInfo {
  return { key, rule: key.replace(/\.[0-9a-f]{8}$/, ''), priority: 'normal', durability: 'local' };
}
