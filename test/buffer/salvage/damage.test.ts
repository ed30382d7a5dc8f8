import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchRow } from '../../../src/buffer/row.ts';
import { salvage } from '../../../src/buffer/salvage/salvage.ts';
import { type Random, rounds, seededRandom } from '../../support/random.ts';
import { Footprints } from './footprints.ts';
import { assertRows, type Files, garbage, isSame, type Plan, TestSegment } from './segments.ts';

const pageBytes = 4096;
const frameBytes = 24 + pageBytes;

type Damage = (files: Partial<Files>, random: Random) => Partial<Files>;

const small: Plan = { commits: 60, batchesPerCommit: 2, size: (random) => random.between(1, 400), stateBytes: 300 };
const mixed: Plan = {
  commits: 30,
  batchesPerCommit: 2,
  size: (random) => Math.floor(60 + random.next() ** 5 * 120_000),
  stateBytes: 5000,
};

/** What may befall a segment. */
const damages: Readonly<Record<string, Damage>> = {
  'flipped bits': (files, random) =>
    change(files, random, (file) => {
      for (let i = random.between(1, 40); i > 0; i--)
        file[random.between(0, file.length - 1)]! ^= 1 << random.between(0, 7);
    }),
  'zeroed pages': (files, random) =>
    change(files, random, (file) => {
      for (let i = random.between(1, 10); i > 0; i--) {
        const at = pageBytes * random.between(0, Math.floor(file.length / pageBytes));
        file.fill(0, at, Math.min(at + pageBytes, file.length));
      }
    }),
  garbage: (files, random) =>
    change(files, random, (file) => {
      const bytes = garbage(random, random.between(1024, Math.min(65536, file.length)));
      bytes.copy(file, random.between(0, file.length - bytes.length));
    }),
  'a cut end': (files, random) => {
    const name = pick(files, random);
    const file = files[name] ?? Buffer.alloc(0);
    return { ...files, [name]: file.subarray(0, random.between(0, file.length)) };
  },
  'a missing wal': ({ wal: _, ...files }) => files,
  'an empty wal': (files) => ({ ...files, wal: Buffer.alloc(0) }),
  'a wal without its header': (files, random) =>
    files.wal === undefined ? files : { ...files, wal: overwrite(files.wal, 0, garbage(random, 32)) },
  'a missing database': ({ database: _, ...files }) => files,
  'an empty database': (files) => ({ ...files, database: Buffer.alloc(0) }),
  'a database without its first page': (files) =>
    files.database === undefined
      ? files
      : { ...files, database: overwrite(files.database, 0, Buffer.alloc(pageBytes)) },
};

test('every batch that is not damaged is found, and nothing else', (t) => {
  const random = seededRandom(t);
  const segments = [small, mixed].flatMap((plan) => moments(new TestSegment(t, random), plan));
  const names = Object.keys(damages);
  let found = 0;
  let lost = 0;
  for (let round = 0; round < rounds(400, 5000); round++) {
    const { name, files, truth, footprints } = segments[round % segments.length]!;
    const chosen = Array.from({ length: random.between(1, 2) }, () => names[random.between(0, names.length - 1)]!);
    // Each kind of damage comes first in turn.
    chosen[0] = names[Math.floor(round / segments.length) % names.length]!;
    const damaged = chosen.reduce<Partial<Files>>((now, damage) => damages[damage]!(now, random), files);
    const { rows } = salvage(damaged.database, damaged.wal);
    const what = `round ${round}: ${name} with ${chosen.join(' and ')}`;
    assertTrue(rows, truth, what);
    const positions = new Set(rows.map(({ position }) => position));
    const missing = footprints.survivors(damaged).filter((position) => !positions.has(position));
    assert.deepEqual(missing, [], what);
    found += rows.length;
    lost += footprints.positions.length - rows.length;
  }
  // Otherwise nothing was shown.
  assert.ok(found > 1000 && lost > 1000, `${found} found, ${lost} lost`);
});

test('a damaged page of the log is taken from the database, and the other way round', (t) => {
  const random = seededRandom(t);
  // Most of it are the pages of a single batch: trying all combinations would take for ever.
  const segment = new TestSegment(t, random).write(small);
  const rows = segment.write({ commits: 1, batchesPerCommit: 1, size: () => 400_000, packable: 0 }).rows();
  const { wal } = segment.active();
  const { database } = segment.sealed();
  const half = Math.floor(database.length / pageBytes / 2);
  for (const isLogsFirst of [true, false]) {
    // What leads from page to page stays, so that nothing but the checksum of all of it tells which pages are wrong.
    const file = Buffer.from(database);
    for (let page = 1; page <= file.length / pageBytes; page++) {
      if (page > half === isLogsFirst) garbage(random, 4000).copy(file, (page - 1) * pageBytes + 4);
    }
    const damaged = changeFrames(wal, (page, at, frames) => {
      if (page <= half === isLogsFirst) garbage(random, 4000).copy(frames, at + 24 + 4);
    });
    assertRows(salvage(file, damaged).rows, rows, `${isLogsFirst}`);
  }
});

test('a batch is found of which the end of the file has cut off nothing but padding', (t) => {
  const segment = new TestSegment(t, seededRandom(t));
  // So long that SQLite leaves some 500 bytes of the last page free: more would go on the leaf.
  const size = 489 + 10 * 4092 + 3550;
  const rows = segment.write({ commits: 1, batchesPerCommit: 1, size: () => size, packable: 0 }).rows();
  const { database, wal } = segment.active();
  assertRows(salvage(database, wal.subarray(0, -400)).rows, rows);
  assertRows(salvage(segment.sealed().database.subarray(0, -400), undefined).rows, rows);
});

test('when only other images of several pages fit, they are found', (t) => {
  const random = seededRandom(t);
  const segment = new TestSegment(t, random);
  segment.write({ commits: 1, batchesPerCommit: 1, size: () => 100_000, packable: 0 });
  const rows = segment.rows();
  const { wal } = segment.active();
  const { database } = segment.sealed();
  // The log's checksums are of no help, and each file has some of the pages damaged that the other has not.
  const file = Buffer.from(database);
  for (const page of [11, 16, 21]) file[page * pageBytes - 1000]! ^= 8;
  const damaged = changeFrames(wal, (page, at, frames) => {
    frames[at + 16]! ^= 1;
    if (page === 9 || page === 14 || page === 19) frames[at + 3000]! ^= 8;
  });
  assertRows(salvage(file, damaged).rows, rows);
});

test('frames are found again behind bytes that were lost from the log or put into it', (t) => {
  const random = seededRandom(t);
  const segment = new TestSegment(t, random).write({ ...small, commits: 200, size: () => 3000 });
  const truth = byPosition(segment.rows());
  const { database, wal } = segment.active();
  // It must not be the first frame alone that tells what a frame looks like.
  wal[32 + 8]! ^= 1;
  for (let round = 0; round < 40; round++) {
    const at = random.between(0, wal.length - 1);
    const bytes = random.between(1, 9000);
    const tail = round % 2 === 0 ? wal.subarray(at + bytes) : Buffer.concat([garbage(random, bytes), wal.subarray(at)]);
    const { rows } = salvage(database, Buffer.concat([wal.subarray(0, at), tail]));
    assertTrue(rows, truth, `round ${round}`);
    // A commit writes some 4 frames: the damaged ones, and two at the edges.
    assert.ok(
      rows.length >= truth.size - 12,
      `round ${round}: ${bytes} bytes at ${at}: ${truth.size - rows.length} lost`,
    );
  }
});

test('rows are found on a leaf whose header and pointers are destroyed', (t) => {
  const segment = new TestSegment(t, seededRandom(t)).write(small);
  const rows = segment.rows();
  const { database } = segment.sealed();
  const damaged = Buffer.from(database);
  for (let at = 4 * pageBytes; at < damaged.length; at += pageBytes) {
    if (damaged[at] === 0x0d) damaged.fill(0, at + 1, at + 12);
  }
  assert.notDeepEqual(damaged, database);
  assertRows(salvage(damaged, undefined).rows, rows);
});

test('a state from a damaged frame comes behind older ones, though it is JSON still', (t) => {
  const segment = new TestSegment(t, seededRandom(t));
  for (const removed of ['10', '11', '12']) segment.saveState(`{"removed":${removed}}`);
  const { database, wal } = segment.active();
  const damaged = overwrite(wal, wal.lastIndexOf('{"removed":12}') + 11, Buffer.from('9'));
  assert.deepEqual(salvage(database, damaged).states, ['{"removed":92}', '{"removed":10}', '{"removed":11}']);
});

test('what a failed write has left behind does not hide what was written in its place', (t) => {
  const random = seededRandom(t);
  const plan = { commits: 1, batchesPerCommit: 4, size: () => 120_000, packable: 0 };
  const failed = new TestSegment(t, random).write(plan);
  const before = failed.rows();
  failed.write({ ...plan, batchesPerCommit: 20 });
  const left = failed.active();
  // The same beginning, on which another, shorter write follows at the same positions.
  const other = new TestSegment(t, random).resume(before, 5000);
  const rows = other.write({ ...plan, batchesPerCommit: 8 }).rows();
  const { database, wal } = other.active();
  assert.ok(left.wal.length > wal.length);
  const end = rows.at(-1)!.position;
  const found = (files: Files) => salvage(files.database, files.wal).rows.filter(({ position }) => position <= end);
  assertRows(found({ database, wal: Buffer.concat([wal, left.wal.subarray(wal.length)]) }), rows);
  assertRows(found({ database, wal: Buffer.concat([wal, left.wal.subarray(32)]) }), rows);
  // Nor does the order in which they are found matter.
  assertRows(found({ database: other.sealed().database, wal: left.wal }), rows);
  assertRows(found({ database: failed.sealed().database, wal }), rows);
});

/** The files of one segment at different moments, and what is in them. */
function moments(segment: TestSegment, plan: Plan) {
  const start = segment.write(plan).active();
  const sealed = segment.sealed();
  const continued = segment.write(plan).active();
  const later = segment.sealed();
  const truth = byPosition(segment.rows());
  const all: Readonly<Record<string, Files>> = {
    'a segment in its log': start,
    'a sealed segment': sealed,
    'a segment in both files': { database: sealed.database, wal: start.wal },
    'a segment whose log goes on': continued,
    'a segment with an older log': { database: later.database, wal: start.wal },
  };
  return Object.entries(all).map(([name, files]) => ({ name, files, truth, footprints: new Footprints(files) }));
}

function assertTrue(rows: readonly BatchRow[], truth: ReadonlyMap<number, BatchRow>, what: string): void {
  let next = 0;
  for (const row of rows) {
    assert.ok(row.position >= next, `${what}: in order`);
    next = row.position + row.count;
    assert.ok(isSame(row, truth.get(row.position)), `${what}: position ${row.position}`);
  }
}

function byPosition(rows: readonly BatchRow[]): Map<number, BatchRow> {
  return new Map(rows.map((row) => [row.position, row]));
}

/** A copy of one of the files, changed. */
function change(files: Partial<Files>, random: Random, how: (file: Buffer) => void): Partial<Files> {
  const name = pick(files, random);
  const copy = Buffer.from(files[name] ?? []);
  if (copy.length >= 1024) how(copy);
  return { ...files, [name]: copy };
}

function pick(files: Partial<Files>, random: Random): keyof Files {
  const { database, wal } = files;
  if (database === undefined || database.length === 0) return 'wal';
  if (wal === undefined || wal.length === 0) return 'database';
  return random.next() < 0.5 ? 'wal' : 'database';
}

/** A copy of a log of which each frame may have been changed. @param how gets the page's number and where the frame is */
function changeFrames(wal: Buffer, how: (page: number, at: number, frames: Buffer) => void): Buffer {
  const frames = Buffer.from(wal);
  for (let at = 32; at < frames.length; at += frameBytes) how(frames.readUInt32BE(at), at, frames);
  return frames;
}

function overwrite(file: Buffer, at: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(file);
  bytes.copy(copy, at);
  return copy;
}
