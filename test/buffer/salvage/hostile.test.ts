import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checksumOf, isSound } from '../../../src/buffer/row.ts';
import { salvage } from '../../../src/buffer/salvage/salvage.ts';
import { randomOf, rounds, seededRandom } from '../../support/random.ts';
import { garbage, isSame, TestSegment } from './segments.ts';

const pageBytes = 4096;
const leafType = 0x0d;
/** Large enough that work which grows with the square of it would not end in time. */
const manyPages = 2048;
/** Far more than it takes, on any machine. */
const patienceMs = 5000;

test('any bytes are taken quietly', (t) => {
  const seed = seededRandom(t).between(0, 2 ** 31);
  const bytes = fc.uint8Array({ maxLength: 3 * pageBytes });
  // Pages that pass for leaves, and cells that pass for rows more often than chance would have it.
  const small = fc.uint8Array({ minLength: 4, maxLength: 40 });
  const leaf = fc.tuple(fc.nat(400), fc.array(small, { maxLength: 60 })).map(([count, parts]) => {
    const page = Buffer.alloc(pageBytes, Buffer.concat([Buffer.of(0, 0, 12, 0), ...parts]));
    page[0] = leafType;
    page.writeUInt16BE(count, 3);
    return page;
  });
  const pages = fc.array(fc.oneof(leaf, bytes), { maxLength: 6 }).map((parts) => Buffer.concat(parts));
  const file = fc.option(fc.oneof(bytes, pages), { nil: undefined });
  fc.assert(
    fc.property(file, file, (database, wal) => {
      const { rows, states, metas, segments } = salvage(database, wal);
      assert.ok(rows.every(isSound));
      for (const json of [...states, ...metas, ...segments.map((segment) => segment.json)]) JSON.parse(json);
    }),
    { seed, numRuns: rounds(500, 20_000) },
  );
});

test('a segment that is garbled everywhere is taken quietly', (t) => {
  const random = seededRandom(t);
  const segment = new TestSegment(t, random).write({
    commits: 20,
    batchesPerCommit: 2,
    size: () => random.between(1, 12_000),
    stateBytes: 5000,
  });
  const truth = new Map(segment.rows().map((row) => [row.position, row]));
  const { wal } = segment.active();
  const { database } = segment.sealed();
  for (let round = 0; round < rounds(100, 3000); round++) {
    const files = [Buffer.from(database), Buffer.from(wal)] as const;
    for (const file of files) {
      // From a few places to one in every 64 bytes.
      const changes = Math.ceil(file.length / 2 ** random.between(6, 14));
      for (let i = 0; i < changes; i++) file[random.between(0, file.length - 1)] = random.between(0, 255);
    }
    for (const row of salvage(...files).rows) assert.ok(isSame(row, truth.get(row.position)), `round ${round}`);
  }
});

/** Half of the pages are a chain that bites its tail, and the others full of batches that begin anywhere on it. */
const cyclic = () =>
  pagesOf(manyPages, (number) => {
    if (number > ring) return leafWith(7, number, 1 + (number % ring), ring);
    const page = Buffer.alloc(pageBytes, number);
    page.writeUInt32BE(1 + (number % ring), 0);
    return page;
  });
const ring = manyPages / 2;
const floods: Readonly<Record<string, () => Buffer>> = {
  zeros: () => Buffer.alloc(manyPages * pageBytes),
  ones: () => Buffer.alloc(manyPages * pageBytes, 0xff),
  'leaf types': () => Buffer.alloc(manyPages * pageBytes, leafType),
  'garbage in leaves': () => pagesOf(manyPages, (number) => withType(garbage(randomOf(number), pageBytes))),
  'leaves full of likely rows': () =>
    pagesOf(manyPages, () => withType(Buffer.alloc(pageBytes, '\x01\x01\x0b\x00', 'latin1'))),
  'overflow chains in a circle': cyclic,
  'chains that claim more than there is': () => pagesOf(manyPages, (number) => leafWith(7, number, 2, 2 ** 27)),
  'many images of a page': () =>
    framesOf(
      pagesOf(manyPages, (number) => leafWith(7, number, 7, 100)),
      () => 7,
    ),
  'a few pages many times': () => framesOf(cyclic(), (index) => (index < ring ? 1 + (index % 40) : 41)),
  'one row in many places': () => pagesOf(manyPages, pointedAt),
  'salts without end': () =>
    Buffer.alloc(manyPages * pageBytes, '\x00\x01\x02\x03\x04\x05\x06\x07\x00\x01\x02', 'latin1'),
};

for (const [name, make] of Object.entries(floods)) {
  test(`time is bounded: ${name}`, () => {
    const bytes = make();
    const pairs = [
      [bytes, undefined],
      [undefined, bytes],
    ] as const;
    for (const [database, wal] of pairs) {
      const start = performance.now();
      const { rows } = salvage(database, wal);
      const ms = performance.now() - start;
      assert.equal(rows.length, 0);
      assert.ok(ms < patienceMs, `${ms} ms`);
    }
  });
}

test('memory is bounded: a chain that a thousand sound rows share is not copied for each of them', () => {
  const chain = 200;
  const overflow = pagesOf(chain, (number) => {
    const page = Buffer.alloc(pageBytes, 0x55);
    page.writeUInt32BE(number < chain ? number + 1 : 0, 0);
    return page;
  });
  const leaves = pagesOf(1000, (number) => leafWith(1, number, 1, chain, 0x55));
  const file = Buffer.concat([overflow, leaves]);
  const { rows } = salvage(file, undefined);
  const bytes = rows.reduce((sum, { records }) => sum + records.length, 0);
  assert.ok(rows.length > 0 && rows.every(isSound));
  assert.ok(bytes <= 2 * file.length, `${bytes} bytes out of ${file.length}`);
});

/** @param make gets the page's number, from 1 */
function pagesOf(count: number, make: (number: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index + 1)));
}

function withType(page: Buffer): Buffer {
  page[0] = leafType;
  return page;
}

/** A leaf with thousands of pointers, all to one long cell that is made of them itself. */
function pointedAt(number: number): Buffer {
  const at = 40;
  const page = Buffer.alloc(pageBytes, Buffer.of(0, at));
  const records = 3900;
  const header = Buffer.concat([Buffer.of(0, 4, 8, 8, 8, 8, 4, 0), varint(12 + 2 * records)]);
  const payload = [Buffer.of(header.length + 1), header, Buffer.alloc(8, number)];
  const payloadBytes = Buffer.concat(payload).length + records;
  Buffer.concat([varint(payloadBytes), varint(number), ...payload]).copy(page, at);
  page[0] = leafType;
  page.writeUInt16BE(0xffff, 3);
  return page;
}

/** A log of these pages, without a header that is right. */
function framesOf(pages: Buffer, numberOf: (index: number) => number): Buffer {
  const parts: Buffer[] = [Buffer.alloc(32)];
  for (let at = 0; at < pages.length; at += pageBytes) {
    const header = Buffer.alloc(24, 1);
    header.writeUInt32BE(numberOf(at / pageBytes), 0);
    parts.push(header, pages.subarray(at, at + pageBytes));
  }
  return Buffer.concat(parts);
}

/** A leaf of batches that go on in a chain of pages; their checksums are right if all bytes of that are `fill`. */
function leafWith(cells: number, number: number, overflow: number, chain: number, fill?: number): Buffer {
  const page = Buffer.alloc(pageBytes, fill ?? 0);
  page.fill(0, 0, 200);
  page[0] = leafType;
  page.writeUInt16BE(cells, 3);
  let end = pageBytes;
  for (let i = 0; i < cells; i++) {
    const position = number * 100 + i;
    const cell = cellOf(position, overflow, chain, fill);
    end -= cell.length;
    cell.copy(page, end);
    page.writeUInt16BE(end, 8 + 2 * i);
  }
  page.writeUInt16BE(end, 5);
  return page;
}

function cellOf(position: number, overflow: number, chain: number, fill: number | undefined): Buffer {
  // So that the least possible part is on the leaf.
  const local = Buffer.alloc(489, fill ?? 0);
  const payloadBytes = local.length + chain * 4092;
  const times = { taken_at_ms: 0, age_at_ms: 0 };
  const row = { position, first_sequence: position, count: 0, ...times, encoding: 0, answers: null };
  // The header: its length, eight types of one byte, the records' type; then a number of four bytes and one of six.
  const typeBytes = varint(12 + 2 * payloadBytes).length;
  const records = payloadBytes - (9 + typeBytes) - 10;
  const zero = 8;
  const header = Buffer.concat([
    Buffer.of(9 + typeBytes, 0, 4, zero, zero, zero, zero, 5, 0),
    varint(12 + 2 * records),
  ]);
  const numbers = Buffer.alloc(10);
  numbers.writeInt32BE(position, 0);
  numbers.writeIntBE(
    fill === undefined ? position : checksumOf({ ...row, records: Buffer.alloc(records, fill) }),
    4,
    6,
  );
  Buffer.concat([header, numbers]).copy(local);
  const next = Buffer.alloc(4);
  next.writeUInt32BE(overflow, 0);
  return Buffer.concat([varint(payloadBytes), varint(position), local, next]);
}

function varint(value: number): Buffer {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) | 128);
  return Buffer.from(bytes);
}
