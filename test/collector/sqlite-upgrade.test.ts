import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { HeadgateError } from '../../src/core/errors.ts';
import { encodeGap } from '../../src/wire/gap-encoder.ts';
import { Batch } from '../../src/wire/generated/headgate/v1/record.ts';
import { Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { acknowledged, deliveryOf, openSink, range, recordOf, storedNames, temporaryDirectory } from './fixtures.ts';

/** The tables as version 1 made them. Frozen: never follow the sources with it. */
const version1 = `
  CREATE TABLE gateways (
    key INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    epoch TEXT NOT NULL,
    UNIQUE (gateway, epoch)
  ) STRICT;
  CREATE TABLE progress (
    gateway_key INTEGER NOT NULL REFERENCES gateways,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (gateway_key, first)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE origins (
    key INTEGER PRIMARY KEY,
    gateway_key INTEGER NOT NULL REFERENCES gateways,
    device TEXT NOT NULL,
    source TEXT NOT NULL,
    topic TEXT NOT NULL,
    priority INTEGER NOT NULL,
    clock_quality INTEGER NOT NULL,
    profile TEXT NOT NULL,
    profile_version INTEGER NOT NULL,
    historical INTEGER NOT NULL,
    UNIQUE (gateway_key, topic, device, source, priority, clock_quality, profile, profile_version, historical)
  ) STRICT;
  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    origin INTEGER NOT NULL REFERENCES origins,
    sequence INTEGER NOT NULL,
    time TEXT,
    received_at TEXT,
    fields TEXT,
    payload BLOB
  ) STRICT;
  CREATE VIEW records AS
    SELECT r.id, g.gateway, g.epoch, r.sequence, o.device, coalesce(r.time, r.received_at) AS time, r.received_at,
      CASE o.clock_quality WHEN 1 THEN 'unset' WHEN 2 THEN 'estimated' WHEN 3 THEN 'synced' END AS clock_quality,
      CASE o.priority WHEN 1 THEN 'bulk' WHEN 2 THEN 'normal' WHEN 3 THEN 'critical' END AS priority,
      o.source, o.topic, r.fields, r.payload, o.profile, o.profile_version, o.historical
    FROM record r JOIN origins o ON o.key = r.origin JOIN gateways g ON g.key = o.gateway_key;
  CREATE VIEW measurements AS
    SELECT r.gateway, r.epoch, r.sequence, r.device, r.time, r.topic,
      f.value ->> 'name' AS name,
      coalesce(f.value ->> 'number', f.value ->> 'text', f.value ->> 'boolean', f.value ->> 'integer', f.value ->> 'data') AS value,
      f.value ->> 'unit' AS unit
    FROM records r, json_each(r.fields) f;
  PRAGMA application_id = ${0x48474352};
  PRAGMA user_version = 1;
`;

/** A database as version 1 left it, with records 1 to 20 and 31 to 40. */
function makeVersion1(path: string): void {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec(version1);
  db.exec("INSERT INTO gateways VALUES (1, 'gw', 'e'); INSERT INTO progress VALUES (1, 1, 20), (1, 31, 40)");
  const origin = db.prepare("INSERT INTO origins VALUES (?, 1, ?, 'mqtt', ?, 2, 0, '', 0, 0)");
  for (let i = 0; i < 3; i++) origin.run(i + 1, `device-${i}`, `t/gw/${i}`);
  const record = db.prepare(
    'INSERT INTO record (origin, sequence, time, received_at, fields) VALUES (?, ?, NULL, ?, ?)',
  );
  for (const sequence of [...range(1, 20), ...range(31, 40)]) {
    const at = new Date(Number(recordOf('gw', sequence).receivedAt!.seconds) * 1000).toISOString();
    record.run((sequence % 3) + 1, sequence, at, JSON.stringify([{ name: 'value', number: sequence / 8 }]));
  }
  db.close();
}

function placeIn(directory: string): { path: string; address: string } {
  const path = `${directory}/records.db`;
  return { path, address: `sqlite:${path}` };
}

function inDatabase<T>(path: string, work: (db: Database.Database) => T): T {
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const versionOf = (path: string): unknown => inDatabase(path, (db) => db.pragma('user_version', { simple: true }));
const names = (...sequences: number[]) => sequences.map((sequence) => `gw/e/${sequence}`);

test('a database of version 1 goes on as one of today, with all that it holds', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  makeVersion1(path);
  // Reading does not change it.
  assert.deepEqual(storedNames(address), names(...range(1, 20), ...range(31, 40)));
  assert.equal(versionOf(path), 1);

  const sink = openSink(address);
  t.after(() => sink.close());
  assert.equal(versionOf(path), 5);
  assert.deepEqual(
    [...sink.progress('gw', 'e')],
    [
      { first: 1, last: 20 },
      { first: 31, last: 40 },
    ],
  );
  const outcomes = sink.commit([deliveryOf('gw', 'e', [range(15, 41)])]);
  assert.deepEqual(acknowledged(outcomes), ['15-41']);
  assert.deepEqual(storedNames(address), names(...range(1, 20), ...range(31, 40), ...range(21, 30), 41));
  const { bytes, start, end } = encodeGap(
    { reason: 'expired', rule: 'r', count: 5, firstAtMs: 1000, lastAtMs: 2000 },
    { receivedAtMs: 3000, clockQuality: 'unset' },
  );
  const records = Batch.decode(bytes.subarray(start, end)).records;
  const batches = [{ firstSequence: 42n, count: 1, historical: false, records }];
  sink.commit([{ gateway: 'gw', epoch: 'e', upload: Upload.encode(Upload.fromPartial({ batches })).finish() }]);
  assert.deepEqual(
    inDatabase(path, (db) => db.prepare('SELECT sequence, reason, count FROM gaps').raw().all()),
    [[42, 'expired', 5]],
  );
});

test('an upgraded database has the tables and views of a new one', (t) => {
  const directory = temporaryDirectory(t);
  makeVersion1(`${directory}/old.db`);
  const [old, fresh] = ['old.db', 'new.db'].map((name) => {
    openSink(`sqlite:${directory}/${name}`).close();
    return inDatabase(`${directory}/${name}`, (db) => ({
      schema: db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all(),
      version: db.pragma('user_version', { simple: true }),
      owner: db.pragma('application_id', { simple: true }),
    }));
  });
  assert.deepEqual(old, fresh);
});

test('an upgrade that fails half-way has not begun', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  makeVersion1(path);
  // The view's name is taken: the table before it must not stay.
  inDatabase(path, (db) => db.exec('CREATE TABLE gaps (mine TEXT)'));
  assert.throws(() => openSink(address), /gaps already exists/);
  assert.equal(versionOf(path), 1);
  const tables = inDatabase(path, (db) => db.prepare('SELECT name FROM sqlite_schema').pluck().all());
  assert.ok(!tables.includes('gap_record'));
  inDatabase(path, (db) => db.exec('DROP TABLE gaps'));
  openSink(address).close();
  assert.equal(versionOf(path), 5);
});

test('two collectors that upgrade one database both work with it', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  makeVersion1(path);
  const one = openSink(address);
  const two = openSink(address);
  t.after(() => {
    one.close();
    two.close();
  });
  one.commit([deliveryOf('gw', 'e', [range(21, 25)])]);
  two.commit([deliveryOf('gw', 'e', [range(21, 30)])]);
  assert.equal(storedNames(address).length, 40);
});

test('a database of the next version is refused, and not touched', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  makeVersion1(path);
  inDatabase(path, (db) => db.pragma('user_version = 6'));
  assert.throws(
    () => openSink(address),
    (error: unknown) => error instanceof HeadgateError && error.code === 'data.newer' && error.message.includes(path),
  );
  assert.equal(versionOf(path), 6);
});
