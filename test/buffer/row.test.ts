import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import {
  type BatchRow,
  batchColumns,
  checksumOf,
  isSound,
  packRecords,
  segmentSchema,
  unpackRecords,
} from '../../src/buffer/row.ts';
import { randomOf } from '../support/random.ts';

const unsealed = {
  position: 7,
  first_sequence: 1_000_000_007,
  count: 3,
  taken_at_ms: 1_760_000_000_000,
  age_at_ms: 86_400_000,
  encoding: 0,
  answers: Buffer.from('answers'),
  records: Buffer.from('records'),
};
const row: BatchRow = { ...unsealed, checksum: checksumOf(unsealed) };

test('the checksum of a row is the one that files in the field carry', () => {
  assert.equal(row.checksum, 0x6c749c62);
  assert.equal(checksumOf({ ...unsealed, answers: null }), 0xb05d4ebc);
});

test('a change of any column is noticed', () => {
  assert.ok(isSound(row));
  for (const column of batchColumns) {
    const value = row[column];
    const changed = typeof value === 'number' ? value + 1 : Buffer.from(value!).fill(0x52, 0, 1).fill(0, 1, 2);
    assert.ok(!isSound({ ...row, [column]: changed }), column);
  }
  assert.ok(!isSound({ ...row, answers: null }));
  assert.ok(!isSound({ ...row, answers: Buffer.alloc(0) }));
  // What SQLite may hand out of a damaged file.
  for (const value of [null, 7, 'records']) {
    assert.ok(!isSound({ ...row, records: value } as unknown as BatchRow));
    if (value !== null) assert.ok(!isSound({ ...row, answers: value } as unknown as BatchRow));
  }
});

test('records come back as they were, whatever they are', () => {
  const repeated = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 100 }));
  const compressible = repeated.map(([bytes, times]) => Buffer.concat(new Array<Uint8Array>(times).fill(bytes)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 1000 }), compressible), (records) => {
      const { encoding, bytes } = packRecords(records);
      assert.ok(bytes.length <= records.length);
      assert.deepEqual(Buffer.from(unpackRecords({ encoding, records: bytes })), Buffer.from(records));
    }),
  );
});

test('only what is worth it is packed', () => {
  const cases: readonly [what: string, records: Buffer, encoding: number][] = [
    ['nothing', Buffer.alloc(0), 0],
    ['too short', Buffer.alloc(255, 'a'), 0],
    ['long enough', Buffer.alloc(256, 'a'), 1],
    ['random bytes', randomOf(1).bytes(4096), 0],
  ];
  for (const [what, records, encoding] of cases) {
    const packed = packRecords(records);
    assert.equal(packed.encoding, encoding, what);
    if (encoding === 0) assert.equal(packed.bytes, records, what);
  }
});

test('damaged or unknown records throw', () => {
  const { bytes } = packRecords(Buffer.alloc(1000, 'a'));
  assert.throws(() => unpackRecords({ encoding: 1, records: bytes.subarray(0, -3) }));
  assert.throws(() => unpackRecords({ encoding: 1, records: Buffer.from('not zstd at all') }));
  assert.throws(() => unpackRecords({ encoding: 2, records: bytes }), RangeError);
});

test('the columns are those of the table, and a row goes through SQLite unchanged', () => {
  const db = new Database(':memory:');
  db.exec(segmentSchema);
  const columns = db.pragma('table_info(batches)') as { name: string }[];
  assert.deepEqual(
    columns.map(({ name }) => name),
    [...batchColumns],
  );
  const insert = db.prepare(`INSERT INTO batches VALUES (${batchColumns.map(() => '?').join()})`);
  for (const answers of [row.answers, null]) {
    const sealed = { ...unsealed, position: answers === null ? 2 ** 45 : 7, answers };
    const stored = { ...sealed, checksum: checksumOf(sealed) };
    insert.run(batchColumns.map((column) => stored[column]));
    const read = db.prepare('SELECT * FROM batches WHERE position = ?').get(stored.position) as BatchRow;
    assert.deepEqual(read, stored);
    assert.ok(isSound(read));
  }
  db.close();
});
