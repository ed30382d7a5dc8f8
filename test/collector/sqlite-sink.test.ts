import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { readRecords } from '../../src/collector/read-records.ts';
import { HeadgateError } from '../../src/core/errors.ts';
import { Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { acknowledged, deliveryOf, openSink, range, storedNames, temporaryDirectory } from './fixtures.ts';

function placeIn(directory: string): { path: string; address: string } {
  const path = `${directory}/records.db`;
  return { path, address: `sqlite:${path}` };
}

test('people can query records and measurements', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  const record = Record.create({
    deviceId: 'boiler',
    time: { seconds: 1_767_225_600n, nanos: 250_000_000 },
    receivedAt: { seconds: 1_767_225_601n, nanos: 0 },
    clockQuality: 3,
    priority: 3,
    source: 'mqtt',
    topic: 'alarm/boiler',
    fields: [
      { name: 'BME280.Temperature', unit: 'Cel', value: { $case: 'number', value: 21.5 } },
      { name: 'on', unit: '', value: { $case: 'boolean', value: true } },
      { name: 'serial', unit: '', value: { $case: 'integer', value: 9_007_199_254_740_993n } },
      { name: 'note', unit: '', value: { $case: 'text', value: "it's" } },
    ],
    payload: Buffer.from('raw'),
    profile: 'bme280',
    profileVersion: 2,
    tags: { host: 'a' },
    message: 7,
    retained: true,
  });
  const batches = [{ firstSequence: 1n, count: 2, historical: true, records: [record, Record.create()] }];
  sink.commit([{ gateway: 'gw', epoch: 'e', upload: Upload.encode(Upload.fromPartial({ batches })).finish() }]);
  const db = new Database(path, { readonly: true });
  assert.deepEqual(db.prepare('SELECT name, value, unit FROM measurements').raw().all(), [
    ['BME280.Temperature', 21.5, 'Cel'],
    ['on', 1, null],
    ['serial', '9007199254740993', null],
    ['note', "it's", null],
  ]);
  const { payload, fields, ...rest } = db.prepare('SELECT * FROM records').get() as Record_;
  assert.equal(String(payload), 'raw');
  assert.equal(JSON.parse(fields)[0].number, 21.5);
  assert.deepEqual(rest, {
    id: 1,
    gateway: 'gw',
    epoch: 'e',
    sequence: 1,
    device: 'boiler',
    time: '2026-01-01T00:00:00.250Z',
    received_at: '2026-01-01T00:00:01.000Z',
    clock_quality: 'synced',
    priority: 'critical',
    source: 'mqtt',
    topic: 'alarm/boiler',
    profile: 'bme280',
    profile_version: 2,
    historical: 1,
    encoded: null,
    kind: 'measurement',
    tags: '{"host":"a"}',
    message: 7,
    supersedes: null,
    is_superseded: 0,
    is_retained: 1,
  });
  db.close();
  sink.close();
  const [first, second] = readRecords(address, 2).map((line) => JSON.parse(line) as object);
  assert.deepEqual(first, {
    gateway: 'gw',
    epoch: 'e',
    ...(Record.toJSON({ ...record, sequence: 1n, historical: true }) as object),
  });
  assert.deepEqual(second, { gateway: 'gw', epoch: 'e', sequence: '2', historical: true });
  const lines = readRecords(address, 2).map((line) => JSON.parse(line) as { readonly retained?: true });
  assert.deepEqual(
    lines.map(({ retained }) => retained),
    [true, undefined],
  );
});

const hexOf = (bytes: Uint8Array = new Uint8Array()): string => Buffer.from(bytes).toString('hex');

test('a trace id is kept beside the columns, as one is that came before anybody knew it', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  t.after(() => sink.close());
  const traceId = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
  const unknown = Buffer.from('c20c03616263', 'hex');
  const known = Buffer.from(Record.encode(Record.create({ topic: 't', traceId })).finish());
  const parts = [known, Buffer.concat([known, unknown]), Buffer.from(Record.encode(Record.create()).finish())];
  const records = parts.map((part) => Buffer.concat([Buffer.from([0x7a, part.length]), part]));
  const batch = Buffer.concat([Buffer.from([0x08, 1, 0x10, parts.length]), ...records]);
  const upload = Buffer.concat([Buffer.from([0x0a, batch.length]), batch]);
  sink.commit([{ gateway: 'gw', epoch: 'e', upload }]);
  const rows = new Database(path, { readonly: true });
  t.after(() => rows.close());
  const found = rows.prepare('SELECT encoded FROM records ORDER BY id').pluck().all() as (Buffer | null)[];
  assert.deepEqual(
    found.map((bytes) => bytes && hexOf(Record.decode(bytes).traceId)),
    [traceId.toString('hex'), traceId.toString('hex'), null],
  );
  const name = { gateway: 'gw', epoch: 'e' };
  assert.deepEqual(
    readRecords(address, 3).map((line) => JSON.parse(line) as object),
    [
      { ...name, sequence: '1', topic: 't', traceId: traceId.toString('hex') },
      { ...name, sequence: '2', topic: 't', encoded: parts[1]!.toString('base64') },
      { ...name, sequence: '3' },
    ],
  );
});

test('what was decoded anew takes the place of what it names, whichever comes first', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  t.after(() => sink.close());
  const fields = [{ name: 'value', unit: '', value: { $case: 'number' as const, value: 1 } }];
  const commit = (
    gateway: string,
    firstSequence: bigint,
    ...parts: (Omit<Partial<Record>, 'kind'> & { readonly kind?: number })[]
  ) => {
    const records = parts.map((part) => Record.fromPartial({ topic: 't', fields, ...part } as Partial<Record>));
    const batches = [{ firstSequence, count: records.length, records }];
    sink.commit([{ gateway, epoch: 'e', upload: Upload.encode(Upload.fromPartial({ batches })).finish() }]);
  };
  commit('gw', 1n, {}, { kind: 4, fields: [] }, {}, { kind: 99 });
  commit('gw', 10n, { supersedes: [1n] }, { supersedes: [1n, 3n, 5n] });
  commit('gw', 5n, {});
  commit('other', 1n, {});
  const rows = new Database(path, { readonly: true });
  const kinds = rows.prepare('SELECT sequence, kind, is_superseded FROM records WHERE gateway = ? ORDER BY 1').raw();
  assert.deepEqual(kinds.all('gw'), [
    [1, 'measurement', 1],
    [2, 'discovery', 0],
    [3, 'measurement', 1],
    [4, 99, 0],
    [5, 'measurement', 1],
    [10, 'measurement', 0],
    [11, 'measurement', 0],
  ]);
  const measured = rows.prepare('SELECT gateway, sequence FROM measurements ORDER BY 1, 2').raw().all();
  rows.close();
  assert.deepEqual(measured, [
    ['gw', 4],
    ['gw', 10],
    ['gw', 11],
    ['other', 1],
  ]);
  const lines = readRecords(address, 9).map((line) => JSON.parse(line) as { kind?: unknown; supersedes?: unknown });
  assert.deepEqual(
    lines.map(({ kind, supersedes }) => kind ?? supersedes),
    [undefined, 'MESSAGE_KIND_DISCOVERY', undefined, 99, ['1'], ['1', '3', '5'], undefined, undefined],
  );
});

interface Record_ {
  readonly payload: Uint8Array;
  readonly fields: string;
}

test('two collectors on one database store each record once', (t) => {
  const { address } = placeIn(temporaryDirectory(t));
  const one = openSink(address);
  const two = openSink(address);
  t.after(() => {
    one.close();
    two.close();
  });
  assert.deepEqual(acknowledged(one.commit([deliveryOf('gw', 'e', [range(1, 5)])])), ['1-5']);
  assert.deepEqual([...two.progress('gw', 'e')], [{ first: 1, last: 5 }]);
  two.commit([deliveryOf('gw', 'e', [range(4, 8)])]);
  const outcome = one.commit([deliveryOf('gw', 'e', [range(1, 9)])])[0]!;
  assert.equal(outcome.name === 'durable' && outcome.newRecords, 1);
  assert.equal(storedNames(address).length, 9);
});

test('records that people have deleted stay known', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  t.after(() => sink.close());
  sink.commit([deliveryOf('gw', 'e', [range(1, 50)])]);
  const db = new Database(path);
  db.exec('DELETE FROM record; DELETE FROM origins;');
  db.close();
  sink.commit([deliveryOf('gw', 'e', [range(40, 60)])]);
  assert.deepEqual(
    storedNames(address),
    range(51, 60).map((sequence) => `gw/e/${sequence}`),
  );
});

test('a failed commit leaves nothing behind, and the next one works', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  t.after(() => sink.close());
  sink.commit([deliveryOf('gw', 'e', [[1]])]);
  const db = new Database(path);
  db.exec("CREATE TRIGGER no BEFORE INSERT ON record WHEN NEW.sequence = 40 BEGIN SELECT RAISE(ABORT, 'no'); END");
  assert.throws(
    () => sink.commit([deliveryOf('gw', 'e', [range(2, 60)]), deliveryOf('new', 'e', [[1]])]),
    (error: unknown) => error instanceof HeadgateError && error.code === 'sink.failed' && error.message.includes(path),
  );
  assert.deepEqual(storedNames(address), ['gw/e/1']);
  assert.equal(sink.progress('gw', 'e').size, 1);
  assert.equal(sink.progress('new', 'e').size, 0);
  db.exec('DROP TRIGGER no');
  db.close();
  sink.commit([deliveryOf('gw', 'e', [range(2, 60)]), deliveryOf('new', 'e', [[1]])]);
  assert.equal(storedNames(address).length, 61);
});

test('progress is kept as merged runs, whatever order they come in', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const sink = openSink(address);
  for (const sequence of [9, 1, 5, 3, 7, 20, 2, 8, 4, 6]) sink.commit([deliveryOf('gw', 'e', [[sequence]])]);
  sink.close();
  const db = new Database(path);
  assert.deepEqual(db.prepare('SELECT first, last FROM progress').raw().all(), [
    [1, 9],
    [20, 20],
  ]);
  db.close();
});

test('what can be no database of records is named, and not touched', (t) => {
  const directory = temporaryDirectory(t);
  const { path, address } = placeIn(directory);
  const table: [code: string, prepare: (db: Database.Database) => void][] = [
    [
      'data.newer',
      (db) => db.exec(`PRAGMA application_id = ${0x48474352}; PRAGMA user_version = 99; CREATE TABLE t (a)`),
    ],
    ['data.unreadable', (db) => db.exec('CREATE TABLE somebody (elses)')],
  ];
  for (const [index, [code, prepare]] of table.entries()) {
    const db = new Database(`${path}${index}`);
    prepare(db);
    db.close();
    assert.throws(() => openSink(`${address}${index}`), isError(code, `${path}${index}`));
  }
  writeFileSync(path, 'no database, but long enough to be taken for one\n'.repeat(200));
  assert.throws(() => openSink(address), isError('data.unreadable', path));
  assert.throws(() => openSink(`sqlite:${directory}`), isError('data.unwritable', directory));
});

test('a database that somebody else has locked is in use', (t) => {
  const { path, address } = placeIn(temporaryDirectory(t));
  const db = new Database(path);
  db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  t.after(() => db.close());
  assert.throws(() => openSink(address), isError('data.in-use', path));
});

function isError(code: string, path: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HeadgateError, String(error));
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.includes(path), error.message);
    return true;
  };
}
