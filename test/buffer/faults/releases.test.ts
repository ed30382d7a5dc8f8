import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { openText, sealText } from '../../../src/buffer/sealed-text.ts';
import { memoryDir } from '../../support/small-disk.ts';
import { alarms, assertLedger, Rig, readings } from './rig.ts';

/** As the first release made it. */
const legacySchema = `
  CREATE TABLE identity (gateway TEXT NOT NULL, epoch TEXT NOT NULL, created_at_ms INTEGER NOT NULL);
  CREATE TABLE state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last_sequence INTEGER NOT NULL,
    total_records INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    removed_records INTEGER NOT NULL,
    removed_bytes INTEGER NOT NULL
  );
  INSERT INTO state VALUES (1, 0, 0, 0, 0, 0);
  CREATE TABLE batches (
    first_sequence INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    total_records INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    records BLOB NOT NULL
  );
`;
const legacyIdentity = { gateway: 'hg-0123456789ab', epoch: 'e-ba9876543210' };

/** The first release's buffer: records `legacy FIRST` to `legacy LAST`, in batches of three, up to LAST. */
function makeLegacy(path: string, first: number, last: number): void {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec(legacySchema);
  db.prepare('INSERT INTO identity VALUES (?, ?, ?)').run(legacyIdentity.gateway, legacyIdentity.epoch, 1);
  db.prepare('UPDATE state SET last_sequence = ?').run(first - 1);
  db.transaction(() => {
    for (let at = first; at <= last; at += 3) {
      const texts = [0, 1, 2].map((i) => `<legacy ${at + i} ${'z'.repeat(500)}>`);
      const records = Buffer.from(texts.join(''));
      db.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)').run(at, 3, 1e12, 0, 0, crc32(records), records);
    }
  })();
  db.pragma('user_version = 1');
  db.close();
}

const legacyNames = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => ({ name: `legacy ${first + i}`, sequence: first + i }));

test("the first release's buffer.db is taken over: identity, sequences, order", async (t) => {
  const dataDir = memoryDir(t);
  makeLegacy(join(dataDir, 'buffer.db'), 301, 30_300);
  const before = readFileSync(join(dataDir, 'buffer.db'));
  const directory = join(dataDir, 'buffer');
  const rig = await Rig.start({ t, directory });
  assert.deepEqual(rig.buffer.identity, legacyIdentity);
  assert.deepEqual(rig.buffer.status().damages, []);
  assert.equal(rig.buffer.status().waitingRecords, 30_000);
  assert.equal(await rig.append(readings, 'readings 1'), 30_301);
  const arrived = await rig.drain();
  assert.deepEqual(arrived.slice(0, -1), legacyNames(301, 30_300));
  assert.equal(arrived.at(-1)!.name, 'readings 1');
  assertLedger(rig.buffer);
  assert.equal(rig.buffer.status().lanes.find(({ rule }) => rule === 'default')?.ledger.delivered, 30_000);
  await rig.buffer.stop();
  assert.deepEqual(readdirSync(dataDir).sort(), ['buffer', 'buffer.db.imported']);
  assert.deepEqual(readFileSync(join(dataDir, 'buffer.db.imported')), before);
  const again = await Rig.start({ t, directory });
  assert.deepEqual(await again.drain(), []);
  await again.buffer.stop();
});

test('a crash at any moment of the take-over: the next start goes on with it', async (t) => {
  const dataDir = memoryDir(t);
  const path = join(dataDir, 'buffer.db');
  makeLegacy(path, 1, 24_000);
  // 12 MB in steps of 4: it dies in the first of them, and before the file is renamed.
  for (const from of [1, 4]) {
    const at = join(dataDir, `crash-${from}`);
    mkdirSync(at);
    cpSync(path, join(at, 'buffer.db'));
    const directory = join(at, 'buffer');
    // As far as it got: all of it, without what came behind.
    const whole = await Rig.start({ t, directory });
    await whole.buffer.stop();
    rmSync(join(at, 'buffer.db.imported'));
    cutRows(directory, from * 2_000);
    cpSync(path, join(at, 'buffer.db'));
    const rig = await Rig.start({ t, directory });
    assert.deepEqual(rig.buffer.identity, legacyIdentity);
    assert.deepEqual(await rig.drain(), legacyNames(1, 24_000));
    assert.deepEqual(rig.buffer.status().damages, []);
    assertLedger(rig.buffer);
    await rig.buffer.stop();
    assert.ok(existsSync(join(at, 'buffer.db.imported')));
  }
});

/** Makes a lane's only segment what it was after so many batches. */
function cutRows(directory: string, batches: number): void {
  const lane = readdirSync(directory).find((name) => name.startsWith('default.'))!;
  const [first = '', ...others] = readdirSync(join(directory, lane)).sort();
  assert.deepEqual(others, []);
  const db = new Database(join(directory, lane, first));
  db.exec(`DELETE FROM batches WHERE position >= ${batches * 3}; DELETE FROM segments`);
  db.close();
}

test("damage in the first release's buffer.db costs what is damaged, and is told", async (t) => {
  const dataDir = memoryDir(t);
  const path = join(dataDir, 'buffer.db');
  makeLegacy(path, 1, 300);
  const db = new Database(path);
  db.prepare('UPDATE batches SET records = ? WHERE first_sequence = 31').run(Buffer.from('<x>'));
  db.close();
  const directory = join(dataDir, 'buffer');
  const rig = await Rig.start({ t, directory });
  assert.deepEqual(
    await rig.drain(),
    legacyNames(1, 300).filter(({ sequence }) => sequence < 31 || sequence > 33),
  );
  assert.match(rig.buffer.status().damages.join(), /sequence 31 is damaged/);
  await rig.buffer.stop();
  // One that is no database at all does not keep the gateway from starting.
  writeFileSync(path, 'This is a letter, not a database. '.repeat(200));
  const again = await Rig.start({ t, directory });
  assert.match(again.buffer.status().damages.join(), /can't be read/);
  assert.deepEqual(again.buffer.identity, legacyIdentity);
  await again.buffer.stop();
  assert.equal(existsSync(path), false);
  assert.ok(again.gaps.some(({ rule }) => rule === 'default') || rig.gaps.some(({ rule }) => rule === 'default'));
});

test("another gateway's buffer.db is left alone", async (t) => {
  const dataDir = memoryDir(t);
  const directory = join(dataDir, 'buffer');
  const first = await Rig.start({ t, directory });
  await first.append(alarms, 'alarms 1');
  const { identity } = first.buffer;
  await first.buffer.stop();
  makeLegacy(join(dataDir, 'buffer.db'), 1, 30);
  const rig = await Rig.start({ t, directory });
  assert.deepEqual(rig.buffer.identity, identity);
  assert.match(rig.buffer.status().damages.join(), /another gateway's/);
  assert.deepEqual(
    (await rig.drain()).map(({ name }) => name),
    ['alarms 1'],
  );
  await rig.buffer.stop();
  assert.ok(existsSync(join(dataDir, 'buffer.db')));
});

/** A directory with one closed segment of `alarms 1` to `alarms 5`. @returns the segment's path */
async function makeSegment(t: TestContext, directory: string): Promise<string> {
  const rig = await Rig.start({ t, directory });
  for (let i = 1; i <= 5; i++) await rig.append(alarms, `alarms ${i}`);
  await rig.buffer.stop();
  const lane = readdirSync(directory).find((name) => name.startsWith('alarms.'))!;
  return join(directory, lane, '00000001.db');
}

function change(path: string, sql: string, ...values: unknown[]): void {
  const db = new Database(path);
  if (values.length > 0) db.prepare(sql).run(...values);
  else db.exec(sql);
  db.close();
}

function metaOf(path: string): object {
  const db = new Database(path, { readonly: true });
  const text = db.prepare('SELECT json FROM meta').pluck().get();
  db.close();
  return JSON.parse(openText(text)!) as object;
}

test('a segment of the next release that this one may read is read, and its other tables and columns stay', async (t) => {
  const directory = join(memoryDir(t), 'buffer');
  const path = await makeSegment(t, directory);
  const meta = sealText(JSON.stringify({ ...metaOf(path), colour: 'blue' }));
  change(path, 'UPDATE meta SET format = 3, json = ?', meta);
  change(
    path,
    `ALTER TABLE batches ADD COLUMN later TEXT; ALTER TABLE meta ADD COLUMN later TEXT;
     CREATE TABLE colours (name TEXT); INSERT INTO colours VALUES ('blue'); UPDATE batches SET later = 'x'`,
  );
  const rig = await Rig.start({ t, directory });
  assert.deepEqual(rig.buffer.status().damages, []);
  await rig.append(alarms, 'alarms 6');
  assert.deepEqual(
    (await rig.drain(false)).map(({ name }) => name),
    [1, 2, 3, 4, 5, 6].map((i) => `alarms ${i}`),
  );
  await rig.buffer.stop();
  // Damaged, it gives what is sound of it all the same.
  const bytes = readFileSync(path);
  bytes.fill(0, 0, 4096);
  writeFileSync(path, bytes);
  const again = await Rig.start({ t, directory });
  assert.deepEqual(
    (await again.drain()).map(({ name }) => name),
    [1, 2, 3, 4, 5, 6].map((i) => `alarms ${i}`),
  );
  await again.buffer.stop();
});

for (const what of ['a segment', 'the head'] as const) {
  test(`${what} of a release that this one may not read: the start is refused, and nothing is touched`, async (t) => {
    const directory = join(memoryDir(t), 'buffer');
    const segment = await makeSegment(t, directory);
    if (what === 'a segment') {
      const meta = sealText(JSON.stringify({ ...metaOf(segment), minReader: 3 }));
      change(segment, 'UPDATE meta SET format = 3, min_reader = 3, json = ?', meta);
    } else {
      const head = join(directory, 'head.db');
      const db = new Database(head);
      const row = db.prepare('SELECT * FROM head').get() as Record<string, string | number>;
      const { gateway, epoch, created_at_ms, reserved, operating_ms } = row;
      const checksum = crc32([3, gateway, epoch, created_at_ms, reserved, operating_ms].join());
      db.prepare('UPDATE head SET min_reader = 3, checksum = ?').run(checksum);
      db.close();
    }
    const files = () =>
      readdirSync(directory, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => entry.isFile() && !/-(wal|shm)$/.test(entry.name))
        .map((entry) => [entry.name, crc32(readFileSync(join(entry.parentPath, entry.name)))]);
    const before = files();
    await assert.rejects(new Rig({ directory }).buffer.start(), { code: 'data.newer' });
    assert.deepEqual(files(), before);
  });
}

test('a second gateway on the same directory is refused, in this process and in another thread', async (t) => {
  const directory = join(memoryDir(t), 'buffer');
  const first = await Rig.start({ t, directory, isLocal: false });
  await first.append(alarms, 'alarms 1');
  for (const isLocal of [true, false]) {
    await assert.rejects(new Rig({ directory, isLocal }).buffer.start(), { code: 'data.in-use' });
  }
  await first.append(alarms, 'alarms 2');
  assert.equal((await first.drain()).length, 2);
  await first.buffer.stop();
});
