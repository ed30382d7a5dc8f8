import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../../support/temp-dir.ts';
import { assertLedger, Rig, readings, recordsOf, type TestRecord } from './rig.ts';
import { pageBytes } from './site.ts';

const count = 8;
/** So many were delivered before. What waits does not begin where rows of other tables would be, or one of zeros. */
const delivered = 3;
const filling = 'a'.repeat(200);
/** The pages of a segment's tables, in the order in which they are made. */
const pages = { meta: 1, segments: 3, batches: 4 };

interface Row {
  readonly what: string;
  damage(segment: Buffer): Buffer;
  /** It is found out when the segment is read, not on opening it. */
  readonly isLate?: boolean;
  /** Default: those that waited. */
  readonly told?: number;
}

const rows: readonly Row[] = [
  {
    what: 'of which nothing is left but what it said of itself',
    damage: (segment) => {
      const said = segment.subarray(pages.segments * pageBytes, (pages.segments + 1) * pageBytes);
      const rest = Buffer.alloc(segment.length, 0x55);
      said.copy(rest, pages.segments * pageBytes);
      return rest;
    },
    // With its state, it is lost that some were delivered.
    told: count + delivered,
  },
  {
    what: 'whose page of rows was zeroed',
    damage: (segment) => segment.fill(0, pages.batches * pageBytes, (pages.batches + 1) * pageBytes),
    isLate: true,
  },
  {
    what: 'that was cut within its page of rows: SQLite sees a whole page then, with another row or none',
    damage: (segment) => segment.subarray(0, pages.batches * pageBytes + 100),
    isLate: true,
  },
];

async function closedBuffer(t: TestContext, records = count): Promise<{ directory: string; path: string }> {
  const directory = tempDir(t);
  const rig = await Rig.start({ directory, options: { segmentBytes: 2 ** 20 } });
  for (let i = 0; i < delivered; i++) await rig.append(readings, `readings delivered-${i}`);
  await rig.drain();
  for (let i = 0; i < records; i++) await rig.append(readings, `readings ${i} ${filling}`);
  await rig.buffer.stop();
  const lane = readdirSync(directory).find((name) => name.startsWith('readings'))!;
  const [segment = '', ...more] = readdirSync(join(directory, lane)).filter((name) => name.endsWith('.db'));
  assert.deepEqual(more, [], 'one segment is enough here');
  return { directory, path: join(directory, lane, segment) };
}

const names = (records: readonly TestRecord[]): string[] => records.map(({ name }) => name);

for (const { what, damage, isLate = false, told = count } of rows) {
  test(`the newest segment, ${what}: all of it is told, and what comes then is sent`, async (t) => {
    const { directory, path } = await closedBuffer(t);
    writeFileSync(path, damage(readFileSync(path)));
    const rig = await Rig.start({ directory, t });
    assert.equal(rig.buffer.status().damages.length, isLate ? 0 : 1);
    assert.deepEqual(names(await rig.drain()), []);
    assertLedger(rig.buffer);
    assert.equal(rig.buffer.status().ledger.dropped.damaged, told);
    assert.equal(rig.buffer.status().damages.length, 1);
    await rig.append(readings, 'readings new');
    assert.deepEqual(names(await rig.drain()), ['readings new']);
    assertLedger(rig.buffer);
    assert.equal(rig.buffer.status().waitingRecords, 0);
    await rig.buffer.stop();
    // All is well from the next start on.
    const again = await Rig.start({ directory, t });
    await again.append(readings, 'readings newer');
    assert.deepEqual(names(await again.drain()), ['readings newer']);
    assert.deepEqual(again.buffer.status().damages, []);
    assertLedger(again.buffer);
    await again.buffer.stop();
    const gaps = [...rig.gaps, ...again.gaps].map(({ reason, rule, count }) => ({ reason, rule, count }));
    assert.deepEqual(gaps, [{ reason: 'damaged', rule: 'readings', count: told }]);
  });
}

// https://sqlite.org/fileformat2.html § 1.6: an inner page's first cell is the page of a child, and the last rowid in there.
const misleading: Readonly<Record<string, (cell: Buffer) => unknown>> = {
  'past rows': (cell) => {
    assert.ok(cell[4]! > 10 && cell[4]! < 0x80, 'a key of one byte');
    cell[4] = 10;
  },
  'to the rows of another table': (cell) => cell.writeUInt32BE(pages.meta + 1),
};

for (const [where, mislead] of Object.entries(misleading)) {
  test(`a tree that leads ${where}: none is lost`, async (t) => {
    const { directory, path } = await closedBuffer(t, 100);
    const segment = readFileSync(path);
    const root = segment.subarray(pages.batches * pageBytes, (pages.batches + 1) * pageBytes);
    assert.equal(root[0], 0x05);
    mislead(root.subarray(root.readUInt16BE(12)));
    writeFileSync(path, segment);
    const rig = await Rig.start({ directory, t });
    const [lane] = rig.buffer.lanes();
    const seen: string[] = [];
    for (let after = 0; ; ) {
      const [batch] = await rig.buffer.read(lane!.key, after, 1);
      if (batch === undefined) break;
      seen.push(...names(recordsOf(batch)));
      after = batch.firstSequence + batch.count - 1;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, i) => `readings ${i}`),
    );
    assert.equal(rig.buffer.status().damages.length, 1);
    assert.equal(rig.buffer.status().ledger.dropped.damaged, 0);
  });
}
