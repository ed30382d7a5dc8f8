import { mkdtempSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { loadConfig } from '../../src/config/load.ts';
import type { Taken } from '../../src/core/taken.ts';
import type { TrustedClock } from '../../src/core/time.ts';
import { History } from '../../src/history/history.ts';
import { HistoryStore } from '../../src/history/history-store.ts';
import { Ingest } from '../../src/history/ingest.ts';
import { Periods } from '../../src/history/periods.ts';
import { RecentPoints } from '../../src/history/recent.ts';
import { SeriesBook } from '../../src/history/series.ts';
import { RecentTexts } from '../../src/history/texts.ts';
import { tierNames, tierOf, tiers, widthFor } from '../../src/history/tiers.ts';
import { silentLog } from '../../src/lib/log.ts';
import { removeAtEnd } from '../lib/children.ts';
import { checkWritesCount, writtenBytes } from '../lib/disk-writes.ts';
import { day, deviceOf, introductionOf, keepMs, makeYear, perDevice, settingsOf } from '../lib/history-year.ts';
import { seeded } from '../lib/payload.ts';
import { atMost, type Bench, type Peer, type Sample, type Scenario } from '../lib/scenario.ts';
import { percentilesOf } from '../lib/statistics.ts';

const series = 1_000;
/** The last hour is half over. */
const untilMs = Date.UTC(2026, 10, 20, 14, 31);
const hour = 3_600_000;
const windows: readonly (readonly [name: string, ms: number])[] = [
  ['10 minutes', hour / 6],
  ['1 hour', hour],
  ['6 hours', 6 * hour],
  ['1 day', day],
  ['1 week', 7 * day],
  ['30 days', 30 * day],
  ['90 days', 90 * day],
  ['1 year', 365 * day],
];
const points = 2_000;
const clock: TrustedClock = { now: () => untilMs, monotonic: () => performance.now(), quality: () => 'synced' };
const clocks = { clock, operatingMs: clock.monotonic, corrections: { of: () => undefined, shiftsMs: [] } };

let made: string | undefined;

/** One file for all runs: it takes a minute to make. */
function year({ folder, say }: Bench): string {
  if (made !== undefined) return made;
  const directory = mkdtempSync(join(dirname(folder), 'history-year-'));
  removeAtEnd(directory);
  const path = join(directory, 'history.db');
  const began = performance.now();
  makeYear(path, series, untilMs);
  say(
    `a year of ${series} series: ${(statSync(path).size / 1e6).toFixed(0)} MB, made in ${((performance.now() - began) / 1_000).toFixed(0)} s`,
  );
  made = path;
  return path;
}

/** What takes least: each row that an answer is made of, read by its key, and nothing done with it. */
function floorTimes(path: string, asked: readonly number[], windowMs: number): number[] {
  const db = new Database(path, { readonly: true });
  try {
    const id = db.prepare('SELECT id FROM series WHERE device = ? AND name = ?').pluck();
    const block = db.prepare('SELECT data FROM block WHERE tier = ? AND startMs = ? AND series = ?').pluck();
    const journal = db.prepare('SELECT data FROM journal WHERE level = ? AND lastMs > ? ORDER BY id').pluck();
    const fromMs = untilMs - windowMs;
    const tier = tierOf(widthFor(fromMs, untilMs, points, untilMs, keepMs));
    const { blockMs } = tiers[tier]!;
    return asked.map((one) => {
      const began = performance.now();
      const { device, name } = introductionOf(one);
      const found = id.get(JSON.stringify(device), JSON.stringify(name)) as number;
      for (let ms = Math.floor(fromMs / blockMs) * blockMs; ms < untilMs; ms += blockMs) block.get(tier, ms, found);
      if (tier >= 2) journal.all(1, fromMs);
      journal.all(0, fromMs);
      return performance.now() - began;
    });
  } finally {
    db.close();
  }
}

async function measureWindow(windowMs: number, bench: Bench): Promise<Sample> {
  const path = year(bench);
  const random = seeded(11);
  const asked = Array.from({ length: 300 }, () => Math.floor(random() * series));
  const floor = percentilesOf(floorTimes(path, asked, windowMs));
  const { history: defaults } = loadConfig({});
  const keep = Object.fromEntries(tierNames.map((name, i) => [name, keepMs[i]!])) as typeof defaults.keep;
  const history = new History({ options: { ...defaults, keep }, path, ...clocks, log: silentLog });
  try {
    const times: number[] = [];
    let count = 0;
    for (const one of asked) {
      const began = performance.now();
      const query = { device: deviceOf(one), fields: [`field-${one % perDevice}`], points, widthMs: undefined };
      const answer = await history.queries.query({ ...query, fromMs: untilMs - windowMs, toMs: untilMs });
      times.push(performance.now() - began);
      const found = answer.series[0]?.times.length ?? 0;
      if (found === 0 || found > points + 2) throw new Error(`${found} points in ${windowMs} ms`);
      count = found;
    }
    // The first one opens the file.
    const { p50, p95, max } = percentilesOf(times.slice(1));
    return { p50, p95, max, points: count, floor: floor.p95, ratio: p95 / floor.p95 };
  } finally {
    await history.stop(AbortSignal.timeout(5_000));
  }
}

/** A site of a hundred devices, each with so many fields, and where what they say goes. */
function ingestOf(fields: number, send: ConstructorParameters<typeof Ingest>[0]['send']) {
  const { recentPoints, recentBytes, maxLateness } = loadConfig({}).history;
  const ingest = new Ingest({
    book: new SeriesBook(10_000, (one) => ingest.forget(one)),
    recent: new RecentPoints(recentPoints, recentBytes),
    texts: new RecentTexts(),
    periods: new Periods(clocks),
    maxLatenessMs: maxLateness,
    send,
  });
  const random = seeded(3);
  const messages = Array.from({ length: 10_000 }, (_, i): Taken => {
    const said = Array.from({ length: fields }, (_, field) => ({
      name: `field-${field}`,
      value: Math.round((20 + random() * 5) * 10) / 10,
    }));
    return {
      measurement: { deviceId: `device-${i % 100}`, fields: said },
      kind: 'measurement',
      source: 'mqtt',
      topic: `site/device-${i % 100}`,
      receivedAtMs: untilMs,
      clockQuality: 'synced',
      profile: undefined,
      sequence: 1,
      payload: undefined,
    };
  });
  return { ingest, messages };
}

async function measureIngest({ seconds }: Bench): Promise<Sample> {
  const fields = 10;
  const { ingest, messages } = ingestOf(fields, (_, deltas) => deltas.take());
  let receivedAtMs = untilMs;
  let count = 0;
  const until = performance.now() + 500;
  const round = (): void => {
    for (const message of messages) {
      // A hundred messages a second: each bucket has ten points.
      receivedAtMs += 10;
      (message as { receivedAtMs: number }).receivedAtMs = receivedAtMs;
      ingest.taken(message);
    }
  };
  while (performance.now() < until) round();
  const began = performance.now();
  while (performance.now() < began + seconds * 1_000) {
    round();
    count += messages.length * fields;
  }
  return { nanos: ((performance.now() - began) * 1e6) / count };
}

/** A day of ten messages a second with four fields each, from a hundred devices, written every minute. */
async function measureFlash({ folder }: Bench): Promise<Sample> {
  checkWritesCount(folder);
  const path = join(folder, 'history.db');
  const before = writtenBytes('self');
  const store = new HistoryStore(settingsOf(path));
  let corrections: Parameters<HistoryStore['commit']>[0]['corrections'] = [];
  const { ingest, messages } = ingestOf(4, (introduced, deltas, stamp) => {
    store.take({ kind: 'deltas', series: introduced, ...deltas.take(), stamp });
    if (stamp !== undefined) corrections = [{ ...stamp, shiftMs: 0, isPlaced: true }];
  });
  const random = seeded(5);
  let sent = 0;
  for (let ms = 0; ms < day; ms += 100) {
    const message = messages[sent++ % messages.length]! as { receivedAtMs: number };
    message.receivedAtMs = untilMs + ms + Math.floor(random() * 90);
    ingest.taken(message as Taken);
    if (ms % 60_000 !== 0) continue;
    ingest.flush(untilMs + ms);
    store.commit({ kind: 'commit', nowMs: untilMs + ms, corrections, losses: [] });
  }
  const { writtenBytes: rows, failure } = store.status();
  store.close();
  if (failure !== undefined) throw new Error(failure);
  return {
    flash: (writtenBytes('self') - before) / 1e6,
    rows: rows / 1e6,
    file: statSync(path).size / 1e6,
    payload: (writtenBytes('self') - before) / (sent * 80),
  };
}

const windowPeers: Peer[] = windows.map(([name, ms]) => ({ name, run: (bench) => measureWindow(ms, bench) }));

export const history: Scenario = {
  name: 'history',
  title: 'History: queries, processor time and flash',
  about:
    'A year of 1,000 series that say something every ten seconds (six of ten with one decimal, two whole numbers, two doubles) is on the disk and in the system’s cache. Each window is asked for 300 times, one random series at a time, with up to 2,000 points, through the worker and back. `floor` reads the same rows by their keys in this thread and does nothing with them. `taking in` is the main thread’s time for a point, of 1,000 series that come in turns with ten points in each bucket. `a day` is 864,000 messages with four values of one decimal each, from 100 devices, every 10 s each, written once a minute; `of payload` is bytes on the disk over 80 bytes a message.',
  seconds: 2,
  rounds: 3,
  metrics: [
    { key: 'p50', label: 'p50 ms', digits: 2 },
    { key: 'p95', label: 'p95 ms', digits: 2 },
    { key: 'max', label: 'max ms', digits: 1 },
    { key: 'points', label: 'points', digits: 0 },
    { key: 'floor', label: 'floor p95 ms', digits: 2 },
    { key: 'ratio', label: 'of floor', digits: 1 },
    { key: 'nanos', label: 'ns/point', digits: 0 },
    { key: 'flash', label: 'MB to disk', digits: 1 },
    { key: 'rows', label: 'MB of rows', digits: 1 },
    { key: 'file', label: 'MB file', digits: 1 },
    { key: 'payload', label: 'of payload', digits: 2 },
  ],
  peers: [...windowPeers, { name: 'taking in', run: measureIngest }, { name: 'a day', run: measureFlash }],
  goals: (summary) => [
    ...windows.map(([name]) => atMost(`${name}: p95`, summary.median(name, 'p95'), 50, 'ms', 2)),
    atMost('taking in', summary.median('taking in', 'nanos'), 1_000, 'ns/point', 0),
    atMost('a day: bytes on the disk of payload', summary.median('a day', 'payload'), 1, '×', 2),
  ],
};
