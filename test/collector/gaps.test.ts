import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { readRecords } from '../../src/collector/read-records.ts';
import type { Delivery } from '../../src/collector/sink.ts';
import type { Gap } from '../../src/core/handling.ts';
import { encodeGap } from '../../src/wire/gap-encoder.ts';
import { Batch, Record } from '../../src/wire/generated/headgate/v1/record.ts';
import { Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { acknowledged, deliveryOf, kinds, openSink, range, recordOf, sinkIn, temporaryDirectory } from './fixtures.ts';

const takenAt = Date.UTC(2026, 0, 1);
const evicted: Gap = {
  reason: 'evicted',
  rule: 'telemetry',
  device: 'boiler',
  count: 120,
  firstSequence: 11,
  lastSequence: 500,
  firstAtMs: takenAt,
  lastAtMs: takenAt + 60_500,
};
const damaged: Gap = { reason: 'damaged', rule: 'alarms', count: 0, firstAtMs: takenAt, lastAtMs: takenAt };
const written = { receivedAtMs: takenAt + 3_600_000, clockQuality: 'synced' } as const;

/** One upload with one batch from `first` on: gaps as they are given, and a record for each undefined. */
function mixedDelivery(first: number, content: readonly (Gap | undefined)[], historical = false): Delivery {
  const records = content.map((gap, i) => {
    if (gap === undefined) return { ...recordOf('gw', first + i), sequence: 0n };
    const { bytes, start, end } = encodeGap(gap, written);
    return Batch.decode(bytes.subarray(start, end)).records[0]!;
  });
  const batches = [{ firstSequence: BigInt(first), count: records.length, historical, records }];
  return { gateway: 'gw', epoch: 'e', upload: Upload.encode(Upload.fromPartial({ batches })).finish() };
}

/** Every line of a sink in short, as `sequence` or `sequence reason`. */
function linesOf(address: string, last = 1000): string[] {
  return readRecords(address, last).map((line) => {
    const { sequence, gap } = JSON.parse(line) as { sequence: string; gap?: { reason: string } };
    return gap ? `${sequence} ${gap.reason.replace('GAP_REASON_', '')}` : sequence;
  });
}

for (const kind of kinds) {
  test(`${kind}: a gap is stored once, however often it comes, and read in its place`, (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    let sink = openSink(address);
    t.after(() => sink.close());
    sink.commit([mixedDelivery(1, [undefined, undefined, evicted, undefined])]);
    sink.commit([mixedDelivery(3, [evicted, undefined, damaged]), mixedDelivery(5, [damaged])]);
    sink.close();
    sink = openSink(address);
    const outcomes = sink.commit([mixedDelivery(1, [undefined, undefined, evicted]), mixedDelivery(5, [damaged])]);
    assert.deepEqual(acknowledged(outcomes), ['1-3', '5-5']);
    sink.commit([deliveryOf('gw', 'e', [range(6, 40)])]);
    const want = ['1', '2', '3 EVICTED', '4', '5 DAMAGED', ...range(6, 40).map(String)];
    assert.deepEqual(linesOf(address), want);
    for (let last = 1; last <= want.length; last++) assert.deepEqual(linesOf(address, last), want.slice(-last));
    assert.deepEqual([...sink.progress('gw', 'e')], [{ first: 1, last: 40 }]);
  });

  test(`${kind}: a gap's line says all of it`, (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    const sink = openSink(address);
    t.after(() => sink.close());
    sink.commit([mixedDelivery(7, [evicted, damaged], true)]);
    const common = {
      ...{ gateway: 'gw', epoch: 'e', time: '2026-01-01T01:00:00.000Z', receivedAt: '2026-01-01T01:00:00.000Z' },
      ...{ clockQuality: 'CLOCK_QUALITY_SYNCED', priority: 'PRIORITY_CRITICAL', source: 'headgate', historical: true },
    };
    const [first, second] = readRecords(address, 2).map((line) => JSON.parse(line) as object);
    assert.deepEqual(first, {
      ...common,
      sequence: '7',
      deviceId: 'boiler',
      gap: {
        ...{ reason: 'GAP_REASON_EVICTED', rule: 'telemetry', deviceId: 'boiler', count: '120' },
        ...{ firstSequence: '11', lastSequence: '500' },
        ...{ firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-01T00:01:00.500Z' },
      },
    });
    assert.deepEqual(second, {
      ...common,
      sequence: '8',
      gap: {
        ...{ reason: 'GAP_REASON_DAMAGED', rule: 'alarms' },
        ...{ firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-01T00:00:00.000Z' },
      },
    });
  });

  test(`${kind}: a malformed gap is refused, and leaves nothing behind`, (t) => {
    const address = sinkIn(temporaryDirectory(t), kind);
    const sink = openSink(address);
    t.after(() => sink.close());
    const { upload } = mixedDelivery(1, [undefined, evicted]);
    const torn = Buffer.from(upload);
    // The last byte belongs to the gap's last time.
    torn[torn.length - 1] = 0xff;
    const outcomes = sink.commit([{ ...mixedDelivery(1, []), upload: torn }]);
    assert.deepEqual(acknowledged(outcomes), ['refused']);
    assert.deepEqual(linesOf(address), []);
    assert.deepEqual(acknowledged(sink.commit([mixedDelivery(1, [undefined, evicted])])), ['1-2']);
    assert.deepEqual(linesOf(address), ['1', '2 EVICTED']);
  });
}

test('file: what the lines say is durable, gaps say too', (t) => {
  const address = sinkIn(temporaryDirectory(t), 'file');
  const path = address.slice('file:'.length);
  const sink = openSink(address);
  sink.commit([mixedDelivery(1, [undefined, evicted, damaged])]);
  sink.close();
  rmSync(`${path}.state`);
  const again = openSink(address);
  t.after(() => again.close());
  assert.deepEqual([...again.progress('gw', 'e')], [{ first: 1, last: 3 }]);
  again.commit([mixedDelivery(2, [evicted, damaged])]);
  assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 3);
});

test('sqlite: people find gaps in `gaps`, and only there', (t) => {
  const address = sinkIn(temporaryDirectory(t), 'sqlite');
  const sink = openSink(address);
  t.after(() => sink.close());
  sink.commit([mixedDelivery(1, [undefined, evicted, undefined, damaged])]);
  // A reason that this version does not know.
  const gap = { reason: 77, rule: '', firstAt: undefined };
  const records = [Record.create({ gap: gap as object })];
  const batches = [{ firstSequence: 9n, count: 1, historical: false, records }];
  sink.commit([{ gateway: 'gw', epoch: 'e', upload: Upload.encode(Upload.fromPartial({ batches })).finish() }]);
  const db = new Database(address.slice('sqlite:'.length), { readonly: true });
  t.after(() => db.close());
  assert.deepEqual(db.prepare('SELECT sequence FROM records').pluck().all(), [1, 3]);
  assert.equal(db.prepare('SELECT count(*) FROM measurements').pluck().get(), 2);
  const name = { gateway: 'gw', epoch: 'e' };
  const received_at = '2026-01-01T01:00:00.000Z';
  const nothing = { count: null, first_sequence: null, last_sequence: null };
  assert.deepEqual(db.prepare('SELECT * FROM gaps').all(), [
    {
      ...{ id: 1, ...name, sequence: 2, received_at, rule: 'telemetry', device: 'boiler', reason: 'evicted' },
      ...{ count: 120, first_sequence: 11, last_sequence: 500 },
      ...{ first_at: '2026-01-01T00:00:00.000Z', last_at: '2026-01-01T00:01:00.500Z' },
    },
    {
      ...{ id: 2, ...name, sequence: 4, received_at, rule: 'alarms', device: null, reason: 'damaged', ...nothing },
      ...{ first_at: '2026-01-01T00:00:00.000Z', last_at: '2026-01-01T00:00:00.000Z' },
    },
    {
      ...{ id: 3, ...name, sequence: 9, received_at: null, rule: '', device: null, reason: '77', ...nothing },
      ...{ first_at: null, last_at: null },
    },
  ]);
  assert.deepEqual(JSON.parse(readRecords(address, 1)[0]!), { ...name, sequence: '9', gap: { reason: 77 } });
});

test('sqlite: a commit that fails at a gap leaves nothing behind, and nothing over for the next', (t) => {
  const address = sinkIn(temporaryDirectory(t), 'sqlite');
  const sink = openSink(address);
  t.after(() => sink.close());
  sink.commit([mixedDelivery(1, [undefined])]);
  const db = new Database(address.slice('sqlite:'.length));
  t.after(() => db.close());
  const content = [undefined, undefined, evicted, undefined];
  for (const [table, sequence] of [
    ['gap_record', 4],
    ['record', 5],
  ] as const) {
    db.exec(
      `CREATE TRIGGER no BEFORE INSERT ON ${table} WHEN NEW.sequence = ${sequence} BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    assert.throws(() => sink.commit([mixedDelivery(2, content)]), /no/);
    db.exec('DROP TRIGGER no');
    assert.deepEqual(linesOf(address), ['1'], table);
    assert.deepEqual([...sink.progress('gw', 'e')], [{ first: 1, last: 1 }], table);
  }
  sink.commit([mixedDelivery(2, content)]);
  assert.deepEqual(linesOf(address), ['1', '2', '3', '4 EVICTED', '5']);
});

test('sqlite: gaps keep their place when people have deleted records', (t) => {
  const address = sinkIn(temporaryDirectory(t), 'sqlite');
  const sink = openSink(address);
  t.after(() => sink.close());
  sink.commit([mixedDelivery(1, [undefined, evicted, undefined])]);
  const db = new Database(address.slice('sqlite:'.length));
  db.exec('DELETE FROM record');
  db.close();
  assert.deepEqual(linesOf(address), ['2 EVICTED']);
  sink.commit([mixedDelivery(1, [undefined, evicted, undefined, damaged])]);
  assert.deepEqual(linesOf(address), ['2 EVICTED', '4 DAMAGED']);
});
