import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { readFiles } from '../../src/buffer/evidence.ts';
import { findLane } from '../../src/buffer/lane-files.ts';
import { Segment } from '../../src/buffer/segment.ts';
import { prepareFile } from '../../src/buffer/segment-file.ts';
import { pathOf } from '../../src/buffer/segment-files.ts';
import { announce, isUnborn } from '../../src/buffer/unborn.ts';
import { tempDir } from '../support/temp-dir.ts';

const meta = (key: string) =>
  ({ gateway: 'gw', epoch: 'e', lane: { key, rule: 'r', priority: 'normal', durability: 'local' } }) as const;
const batch = {
  firstSequence: 1,
  count: 1,
  takenAtMs: 0,
  ageAtMs: 0,
  records: new Uint8Array(10),
};

/** A file as it is at a moment of its making, without the process that makes it. */
function snapshot(t: TestContext, path: string, make: (path: string) => Database.Database): string {
  const made = make(join(tempDir(t), 'a.db'));
  t.after(() => made.close());
  for (const suffix of ['', '-wal']) {
    try {
      copyFileSync(made.name + suffix, path + suffix);
    } catch {
      // It has no log yet.
    }
  }
  return path;
}

function begun(path: string): Database.Database {
  const db = new Database(path);
  prepareFile(db);
  return db;
}

test('a segment that was only being made is none, and no damage', (t) => {
  const path = snapshot(t, pathOf(tempDir(t), 1), begun);
  assert.ok(!isUnborn(path, readFiles(path)), 'its log may have been lost');
  announce(path);
  assert.ok(isUnborn(path, readFiles(path)));
  // Its first transaction was under way.
  const log = snapshot(t, pathOf(tempDir(t), 1), (to) => {
    const db = begun(to);
    db.exec('CREATE TABLE a (b); CREATE TABLE c (d)');
    return db;
  });
  announce(log);
  assert.ok(!isUnborn(log, readFiles(log)));
  truncateSync(`${log}-wal`, 32 + 24 + 4096 - 1);
  assert.ok(isUnborn(log, readFiles(log)));
  // Nothing was written but the journal of the first page.
  const empty = pathOf(tempDir(t), 1);
  writeFileSync(empty, '');
  announce(empty);
  assert.ok(!isUnborn(empty, readFiles(empty)), 'it may have been cut');
  writeFileSync(`${empty}-journal`, '');
  assert.ok(isUnborn(empty, readFiles(empty)));
});

test('a segment that was cut to its first page is damaged, whatever is left of it', (t) => {
  const directory = tempDir(t);
  const path = pathOf(directory, 1);
  const segment = Segment.create(
    path,
    meta(directory.split('/').at(-1)!),
    { number: 1, firstPosition: 0 },
    undefined,
    [],
  );
  segment.write([batch], undefined);
  segment.close();
  announce(path);
  assert.ok(!isUnborn(path, readFiles(path)));
  truncateSync(path, 4096);
  assert.ok(!isUnborn(path, readFiles(path)));
});

test('a lane whose newest segment was being made goes on behind the one before, and nothing is said to be lost', (t) => {
  const directory = tempDir(t);
  const key = directory.split('/').at(-1)!;
  const first = Segment.create(pathOf(directory, 1), meta(key), { number: 1, firstPosition: 0 }, '{"removed":[]}', []);
  first.write([batch], undefined);
  first.close();
  const second = snapshot(t, pathOf(directory, 2), begun);
  announce(second);
  assert.equal(readFileSync(second).length, 4096);
  const { files, damages } = findLane(directory, join(directory, 'damaged'));
  assert.deepEqual(damages, []);
  assert.deepEqual([files?.sealed.length, files?.nextNumber, files?.nextPosition, files?.isStateOld], [1, 2, 1, false]);
});
