import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { HeadgateError } from '../core/errors.ts';
import { ensureDirectory } from '../lib/ensure-directory.ts';
import { bringUp, formats } from '../lib/formats.ts';
import { progressSchema } from './progress-table.ts';

/** "HGCR", so that `file` and we can tell whose database it is. */
const applicationId = 0x48474352;
/** The first version that knows gaps. */
export const gapsVersion = 2;
/** The first version that keeps what it does not know. */
export const encodedVersion = 3;
/** The first version that knows kinds of message, tags, and what takes the place of what. */
export const kindsVersion = 4;
/** The first version that knows what was retained. */
export const retainedVersion = 5;

/**
 * Most of a record is the same in all records of one topic: that is written once, in `origins`, and each row of `record`
 * points to it. People read the views. `fields` is the JSON array of the record's JSON form, exact for every type of
 * value; the view `measurements` takes it apart into one row a field.
 */
const recordsSchema = `
  ${progressSchema}
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
`;

/**
 * Reports of gaps are kept apart from the records, so that who counts or averages records need not know of them. NULL is
 * what the gateway could not say. `reason` is one of the gateway's words, and the number of one that came after this
 * version. `after_record` is the newest row of `record` when the report came: the order of arrival over both tables.
 */
const gapsSchema = `
  CREATE TABLE gap_record (
    id INTEGER PRIMARY KEY,
    origin INTEGER NOT NULL REFERENCES origins,
    sequence INTEGER NOT NULL,
    received_at TEXT,
    rule TEXT NOT NULL,
    device TEXT,
    reason TEXT NOT NULL,
    count INTEGER,
    first_sequence INTEGER,
    last_sequence INTEGER,
    first_at TEXT,
    last_at TEXT,
    after_record INTEGER NOT NULL
  ) STRICT;
  CREATE VIEW gaps AS
    SELECT r.id, g.gateway, g.epoch, r.sequence, r.received_at, r.rule, r.device, r.reason, r.count,
      r.first_sequence, r.last_sequence, r.first_at, r.last_at
    FROM gap_record r JOIN origins o ON o.key = r.origin JOIN gateways g ON g.key = o.gateway_key;
`;

/**
 * A record that says more than this version knows is kept as it came, beside what is known of it; NULL for all others. Who
 * has a newer `record.proto` finds the rest in it. A trace id has no column: such a record has here a Record of nothing but
 * `trace_id`, from its fourth byte on, so that no table has to be changed for what few records have.
 */
const encodedSchema = `
  ALTER TABLE record ADD COLUMN encoded BLOB;
  ALTER TABLE gap_record ADD COLUMN encoded BLOB;
  DROP VIEW records;
  CREATE VIEW records AS
    SELECT r.id, g.gateway, g.epoch, r.sequence, o.device, coalesce(r.time, r.received_at) AS time, r.received_at,
      CASE o.clock_quality WHEN 1 THEN 'unset' WHEN 2 THEN 'estimated' WHEN 3 THEN 'synced' END AS clock_quality,
      CASE o.priority WHEN 1 THEN 'bulk' WHEN 2 THEN 'normal' WHEN 3 THEN 'critical' END AS priority,
      o.source, o.topic, r.fields, r.payload, o.profile, o.profile_version, o.historical, r.encoded
    FROM record r JOIN origins o ON o.key = r.origin JOIN gateways g ON g.key = o.gateway_key;
`;

/**
 * `kind` is the proto's number, NULL where the record does not say it; `tags` is a JSON object; `message` is what the records
 * of one message have in common. `superseded` names the records whose place others have taken, which may come before they do.
 * The view `measurements` leaves those out.
 */
const kindsSchema = `
  ALTER TABLE record ADD COLUMN kind INTEGER;
  ALTER TABLE record ADD COLUMN tags TEXT;
  ALTER TABLE record ADD COLUMN message INTEGER;
  ALTER TABLE record ADD COLUMN supersedes TEXT;
  CREATE TABLE superseded (
    gateway_key INTEGER NOT NULL REFERENCES gateways,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (gateway_key, sequence)
  ) STRICT, WITHOUT ROWID;
  DROP VIEW measurements;
  DROP VIEW records;
  CREATE VIEW records AS
    SELECT r.id, g.gateway, g.epoch, r.sequence, o.device, coalesce(r.time, r.received_at) AS time, r.received_at,
      CASE o.clock_quality WHEN 1 THEN 'unset' WHEN 2 THEN 'estimated' WHEN 3 THEN 'synced' END AS clock_quality,
      CASE o.priority WHEN 1 THEN 'bulk' WHEN 2 THEN 'normal' WHEN 3 THEN 'critical' END AS priority,
      o.source, o.topic, r.fields, r.payload, o.profile, o.profile_version, o.historical, r.encoded,
      CASE coalesce(r.kind, 0)
        WHEN 0 THEN iif(r.fields IS NULL, 'raw', 'measurement')
        WHEN 1 THEN 'measurement' WHEN 2 THEN 'raw' WHEN 3 THEN 'availability' WHEN 4 THEN 'discovery' WHEN 5 THEN 'event'
        WHEN 6 THEN 'log' WHEN 7 THEN 'command' WHEN 8 THEN 'duplicate' WHEN 9 THEN 'failed' ELSE r.kind END AS kind,
      r.tags, r.message, r.supersedes,
      EXISTS (SELECT 1 FROM superseded s WHERE s.gateway_key = o.gateway_key AND s.sequence = r.sequence) AS is_superseded
    FROM record r JOIN origins o ON o.key = r.origin JOIN gateways g ON g.key = o.gateway_key;
  CREATE VIEW measurements AS
    SELECT r.gateway, r.epoch, r.sequence, r.device, r.time, r.topic,
      f.value ->> 'name' AS name,
      coalesce(f.value ->> 'number', f.value ->> 'text', f.value ->> 'boolean', f.value ->> 'integer', f.value ->> 'data') AS value,
      f.value ->> 'unit' AS unit, r.tags
    FROM records r, json_each(r.fields) f WHERE NOT r.is_superseded;
`;

/** `retained` is 1 where a broker had kept the message, so that it was said at another time than it was received; NULL for all others. */
const retainedSchema = `
  ALTER TABLE record ADD COLUMN retained INTEGER;
  DROP VIEW records;
  CREATE VIEW records AS
    SELECT r.id, g.gateway, g.epoch, r.sequence, o.device, coalesce(r.time, r.received_at) AS time, r.received_at,
      CASE o.clock_quality WHEN 1 THEN 'unset' WHEN 2 THEN 'estimated' WHEN 3 THEN 'synced' END AS clock_quality,
      CASE o.priority WHEN 1 THEN 'bulk' WHEN 2 THEN 'normal' WHEN 3 THEN 'critical' END AS priority,
      o.source, o.topic, r.fields, r.payload, o.profile, o.profile_version, o.historical, r.encoded,
      CASE coalesce(r.kind, 0)
        WHEN 0 THEN iif(r.fields IS NULL, 'raw', 'measurement')
        WHEN 1 THEN 'measurement' WHEN 2 THEN 'raw' WHEN 3 THEN 'availability' WHEN 4 THEN 'discovery' WHEN 5 THEN 'event'
        WHEN 6 THEN 'log' WHEN 7 THEN 'command' WHEN 8 THEN 'duplicate' WHEN 9 THEN 'failed' ELSE r.kind END AS kind,
      r.tags, r.message, r.supersedes,
      EXISTS (SELECT 1 FROM superseded s WHERE s.gateway_key = o.gateway_key AND s.sequence = r.sequence) AS is_superseded,
      coalesce(r.retained, 0) AS is_retained
    FROM record r JOIN origins o ON o.key = r.origin JOIN gateways g ON g.key = o.gateway_key;
`;

/** What brings a database from the version before to this one, in order. Each only adds, so each takes no time. */
const steps: readonly string[] = [recordsSchema, gapsSchema, encodedSchema, kindsSchema, retainedSchema];

/**
 * Opens the sink's database and brings its tables to this version: all of them when it is new, those that are missing
 * when an older version made it. WAL, and an fsync with every commit.
 *
 * @throws HeadgateError `data.newer`, `data.unreadable` when it is somebody else's, or an error of SQLite as it is
 */
export function openRecords(path: string): Database.Database {
  ensureDirectory(dirname(path), "The sink's directory");
  const db = new Database(path, { timeout: 1000 });
  try {
    // The first statement that touches the file: what is no database fails here.
    versionOf(db, path);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    // Moving pages into the database costs an fsync of its own: once in 16 MB, not once in 4.
    db.pragma('wal_autocheckpoint = 4000');
    db.pragma('journal_size_limit = 67108864');
    db.pragma('cache_size = -16000');
    // The references say how the tables belong together; looking each one up would cost every row a search.
    db.pragma('foreign_keys = OFF');
    db.transaction(() => {
      if (versionOf(db, path) === 0) db.pragma(`application_id = ${applicationId}`);
      bringUp(db, 'records', steps);
    }).immediate();
    // Somebody's long transaction is waited for; only then does a commit count as failed.
    db.pragma('busy_timeout = 5000');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * The version of the tables; 0 when they are still to be made.
 *
 * @throws HeadgateError when the database is not ours to write
 */
export function versionOf(db: Database.Database, path: string): number {
  const owner = db.pragma('application_id', { simple: true });
  const found = db.pragma('user_version', { simple: true }) as number;
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (owner === 0 && found === 0 && tables === 0) return 0;
  if (owner !== applicationId) {
    throw new HeadgateError('data.unreadable', `${path} is a database, but not one of a Headgate collector.`);
  }
  const version = formats.records.newest;
  if (found > version) {
    throw new HeadgateError(
      'data.newer',
      `${path} has version ${found}; this Headgate knows versions up to ${version}.`,
    );
  }
  return found;
}
