import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Blocks } from '../../src/history/blocks.ts';
import { Buckets, begin, bucketSize, countAt, lastMsAt, maxAt, minAt, sumAt } from '../../src/history/buckets.ts';
import { Deltas } from '../../src/history/deltas.ts';
import { openFile } from '../../src/history/history-file.ts';
import { HistoryStore } from '../../src/history/history-store.ts';
import { Roll } from '../../src/history/roll.ts';
import { finestMs, tiers } from '../../src/history/tiers.ts';
import type { Introduction, WorkerSettings } from '../../src/history/worker-protocol.ts';
import { seeded } from './payload.ts';

export const day = 86_400_000;
const hour = 3_600_000;
/** Series of a device. */
export const perDevice = 10;
/** What each tier goes back. */
export const keepMs: readonly number[] = [day, 7 * day, 90 * day, 366 * day];

export const deviceOf = (series: number): string => `device-${Math.floor(series / perDevice)}`;

export function introductionOf(series: number): Introduction {
  return {
    slot: series,
    device: deviceOf(series),
    name: `field-${series % perDevice}`,
    tags: '',
    unit: 'Cel',
    kind: 'number',
  };
}

export function settingsOf(path: string): WorkerSettings {
  return { path, isDamaged: false, keepMs, maxBytes: 4e9, maxSeries: 100_000, minFreeBytes: 0, turnMs: 5 };
}

/**
 * A year of so many series that say something every ten seconds, as a gateway would have it: the last hours through the journal,
 * what is older at its place. Of ten series six are decimals, two whole numbers, two doubles.
 *
 * @param untilMs when it ends; so much before it begins
 */
export function makeYear(path: string, series: number, untilMs: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const journalFromMs = Math.floor(untilMs / hour) * hour - 5 * hour;
  const { db, reader } = openFile(path, false);
  const roll = new Roll(db);
  const blocks = new Blocks(db);
  const random = seeded(7);
  for (let one = 0; one < series; one++) roll.introduce(introductionOf(one));
  db.transaction(() => roll.settle(untilMs))();
  roll.saved();
  const buckets = new Buckets();
  const row = new Float64Array(bucketSize);
  for (const [tier, { widthMs, blockMs }] of tiers.entries()) {
    // In the order of time, as it came about.
    const sinceMs = Math.floor((untilMs - keepMs[tier]!) / blockMs) * blockMs;
    for (let startMs = sinceMs; startMs < journalFromMs; startMs += blockMs) {
      db.transaction(() => {
        for (let one = 0; one < series; one++) {
          buckets.clear();
          const endMs = Math.min(startMs + blockMs, journalFromMs);
          for (let ms = startMs; ms < endMs; ms += widthMs) {
            synthesise(row, one, ms, widthMs, random);
            buckets.put(ms / widthMs, row, 0);
          }
          blocks.put(tier, roll.idOf(roll.handleOf(one)), buckets, 0);
        }
      })();
    }
  }
  reader.close();
  db.close();
  const store = new HistoryStore(settingsOf(path));
  const introductions = Array.from({ length: series }, (_, one) => introductionOf(one));
  store.take({ kind: 'deltas', series: introductions, rows: new Float64Array(0), length: 0, stamp: undefined });
  for (let ms = journalFromMs; ms < untilMs; ms += 60_000) {
    const deltas = new Deltas();
    for (let at = ms; at < ms + 60_000; at += finestMs) {
      for (let one = 0; one < series; one++) {
        synthesise(row, one, at, finestMs, random);
        deltas.push(one, row, 0);
      }
    }
    store.take({ kind: 'deltas', series: [], ...deltas.take(), stamp: undefined });
    store.commit({ kind: 'commit', nowMs: ms + 60_000, corrections: [], losses: [] });
  }
  store.close();
}

/** A bucket as points every ten seconds make it. */
function synthesise(row: Float64Array, series: number, ms: number, widthMs: number, random: () => number): void {
  const value = valueAt(series, ms, random);
  const jitter = Math.floor(random() * 40);
  begin(row, 0, ms / widthMs, ms + jitter, value);
  const count = widthMs / finestMs;
  if (count === 1) return;
  const low = valueAt(series, ms - 7_000, random);
  const high = valueAt(series, ms + 7_000, random);
  row[countAt] = count;
  row[lastMsAt] = ms + widthMs - finestMs + jitter;
  row[minAt] = Math.min(low, high, value);
  row[maxAt] = Math.max(low, high, value);
  row[sumAt] = Math.round(((low + high) / 2) * count * 10) / 10;
}

function valueAt(series: number, ms: number, random: () => number): number {
  const wave = 20 + 5 * Math.sin(ms / 13_000_000 + series) + random() - 0.5;
  if (series % perDevice < 6) return Math.round(wave * 10) / 10;
  return series % perDevice < 8 ? Math.round(wave * 40) : wave;
}
