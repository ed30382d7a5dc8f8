import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { Head } from '../../src/buffer/head.ts';
import { laneOf } from '../../src/buffer/lane.ts';
import { reportsHandling } from '../../src/buffer/reports.ts';
import { Segment } from '../../src/buffer/segment.ts';
import { ShelfStore } from '../../src/buffer/shelf-store.ts';
import { FileState } from '../../src/collector/file-state.ts';
import { openRecords } from '../../src/collector/sqlite-schema.ts';
import { SqliteStateStore } from '../../src/collector/sqlite-state-store.ts';
import { openFile } from '../../src/history/history-file.ts';
import { noteFormats, prepareDataDirectory } from '../../src/lib/data-directory.ts';
import { bringUp, type FormatName, formats, formatToWrite, heldText } from '../../src/lib/formats.ts';
import { tempDir } from '../support/temp-dir.ts';

const source = join(import.meta.dirname, '../../src');

/**
 * Every place in src/ that opens a database, and the format of what it writes there. Who adds one says here which format that has:
 * a new one needs a row in `lib/formats.ts` as well, or no version that writes it can be taken back.
 */
const openings: Readonly<Record<string, readonly (FormatName | 'reads only' | 'never changes' | 'in memory')[]>> = {
  'buffer/head.ts': ['head'],
  'buffer/legacy.ts': ['never changes'],
  'buffer/segment.ts': ['segment', 'segment'],
  'buffer/shelf-store.ts': ['shelf', 'reads only', 'reads only'],
  'buffer/sqlite-version.ts': ['in memory'],
  'collector/file-state.ts': ['progress'],
  'collector/read-records.ts': ['reads only'],
  'collector/sqlite-schema.ts': ['records'],
  'collector/sqlite-state-store.ts': ['state'],
  'history/history-file.ts': ['history', 'reads only'],
};

test('every database has a format, and only one function writes which', () => {
  const found: Record<string, number> = {};
  for (const file of globSync('**/*.ts', { cwd: source })) {
    const text = readFileSync(join(source, file), 'utf8');
    const count = text.split('new Database(').length - 1;
    if (count > 0) found[file] = count;
    const writes = /user_version\s*=/.test(text);
    assert.equal(writes, file === 'lib/formats.ts', `${file} and who writes user_version`);
  }
  const listed = Object.entries(openings).map(([file, formats]) => [file, formats.length]);
  assert.deepEqual(found, Object.fromEntries(listed));
  assert.deepEqual(
    new Set(
      Object.values(openings)
        .flat()
        .filter((name) => name in formats),
    ),
    new Set(Object.keys(formats)),
  );
});

/** Makes a file of each kind by its store. @returns the format that it says it has */
const made: Readonly<Record<FormatName, (path: string) => number>> = {
  head: (path) => {
    const head = new Head(path, `${path}.damaged`);
    head.found(undefined, 0);
    head.close();
    return userVersion(path);
  },
  segment: (path) => {
    const lane = laneOf(reportsHandling);
    const meta = { gateway: 'g', epoch: 'e', lane };
    Segment.create(path, meta, { number: 1, firstPosition: 1 }, undefined, []).close();
    const db = new Database(path);
    const { format } = db.prepare('SELECT * FROM meta').get() as { format: number };
    db.close();
    return format;
  },
  shelf: (path) => {
    new ShelfStore(path).close();
    return userVersion(path);
  },
  history: (path) => {
    const { db, reader } = openFile(path, false);
    reader.close();
    db.close();
    return userVersion(path);
  },
  records: (path) => {
    openRecords(path).close();
    return userVersion(path);
  },
  progress: (path) => {
    new FileState(path).close();
    return userVersion(path);
  },
  state: (path) => {
    new SqliteStateStore(path).close();
    return userVersion(path);
  },
};

function userVersion(path: string): number {
  const db = new Database(path);
  const found = db.pragma('user_version', { simple: true }) as number;
  db.close();
  return found;
}

test('every store writes the format that is said of it', (t) => {
  for (const [name, make] of Object.entries(made)) {
    const directory = join(tempDir(t), name);
    mkdirSync(directory);
    assert.equal(make(join(directory, 'file.db')), formats[name as FormatName].newest, name);
  }
});

test('a file that is brought to another format is another to its store, and one that is held is not', (t) => {
  const path = join(tempDir(t), 'shelf.db');
  const opened = () => {
    const shelf = new ShelfStore(path);
    shelf.close();
    return shelf.problem;
  };
  // What a later version does with it, by the function that each store asks.
  const steps = ['', 'CREATE TABLE more (x)'];
  const open = (to: number) => {
    const db = new Database(path);
    bringUp(db, 'shelf', steps, to);
    db.close();
  };
  opened();
  open(formatToWrite('shelf', { HEADGATE_HELD_FORMATS: 'head=2 shelf=1' }));
  assert.equal(opened(), undefined);
  open(2);
  assert.match(opened() ?? '', /its format is 2, and this Headgate reads 1/);
});

test('what was written here last is noted, and held by a version that is on trial', (t) => {
  const dataDir = join(tempDir(t), 'data');
  const [usual, onTrial]: NodeJS.ProcessEnv[] = [{}, { HEADGATE_ON_TRIAL: '1' }];
  const note = () => JSON.parse(readFileSync(join(dataDir, 'formats.json'), 'utf8')) as Record<string, number>;
  // A version that noted nothing is no later than the first.
  prepareDataDirectory(dataDir, onTrial);
  const first = Object.entries(formats).map(([name, { first }]) => `${name}=${first}`);
  assert.equal(onTrial!.HEADGATE_HELD_FORMATS, first.join(' '));
  noteFormats(dataDir, onTrial);
  assert.throws(note, { code: 'ENOENT' });
  prepareDataDirectory(dataDir, usual);
  noteFormats(dataDir, usual);
  assert.equal(usual!.HEADGATE_HELD_FORMATS, undefined);
  assert.deepEqual(note(), Object.fromEntries(Object.entries(formats).map(([name, { newest }]) => [name, newest])));
  // By a later version than this one, and by one that can't be read.
  writeFileSync(join(dataDir, 'formats.json'), '{"head":9,"shelf":"x","segment":1,"other":4}');
  prepareDataDirectory(dataDir, onTrial);
  const { HEADGATE_HELD_FORMATS: held } = onTrial!;
  assert.match(held ?? '', /^head=9 segment=2 shelf=1 /);
  assert.equal(formatToWrite('head', onTrial), formats.head.newest);
  writeFileSync(join(dataDir, 'formats.json'), 'garbage');
  prepareDataDirectory(dataDir, onTrial);
  assert.equal(onTrial!.HEADGATE_HELD_FORMATS, heldText({}));
});
