import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Compressing, chooseCompression } from '../../src/uplink/compression.ts';
import { Outbox } from '../../src/uplink/outbox.ts';
import { Compression } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { unpack } from '../../src/wire/packed-upload.ts';
import { encodeUpload } from '../../src/wire/upload.ts';

const { COMPRESSION_GZIP: gzip, COMPRESSION_ZSTD: zstd } = Compression;

const choices: [...Parameters<typeof chooseCompression>, Compressing][] = [
  ['auto', [zstd, gzip], 'http://collector.example.org:50052', 'zstd'],
  ['auto', [gzip, zstd], 'http://collector.example.org:50052', 'zstd'],
  ['auto', [gzip], 'https://192.0.2.7:50052', 'gzip'],
  ['auto', [], 'http://collector.example.org:50052', undefined],
  ['auto', [zstd, gzip], 'http://localhost:50052', undefined],
  ['auto', [zstd, gzip], 'http://127.0.0.1:1', undefined],
  ['auto', [zstd, gzip], 'http://[::1]:1', undefined],
  ['auto', [77 as Compression], 'https://192.0.2.7:50052', undefined],
  ['zstd', [zstd, gzip], 'http://127.0.0.1:1', 'zstd'],
  ['gzip', [zstd, gzip], 'http://collector.example.org:50052', 'gzip'],
  ['zstd', [gzip], 'http://collector.example.org:50052', undefined],
  ['off', [zstd, gzip], 'http://collector.example.org:50052', undefined],
];
for (const [choice, offered, host, chosen] of choices) {
  test(`\`${choice}\`, when ${offered.join(' and ') || 'nothing'} is offered by ${host}: ${chosen ?? 'none'}`, () => {
    assert.equal(chooseCompression(choice, offered, host), chosen);
  });
}

/** Uploads named by their batch's first sequence; `entropy` decides how small they become. */
function upload(sequence: number, length: number, entropy: 'none' | 'full') {
  const records = new Uint8Array(length).map(() => (entropy === 'none' ? 0x78 : Math.random() * 256));
  return encodeUpload([
    { firstSequence: sequence, count: 1, records, isHistorical: false } as unknown as Parameters<
      typeof encodeUpload
    >[0][number],
  ]);
}

/** The upload in a message, decompressed if it was compressed. */
function plainOf(message: Uint8Array): { upload: Uint8Array; isCompressed: boolean } {
  const whole = message.subarray(message.length - uploadLength(message));
  return { upload: unpack(whole), isCompressed: whole[0] !== 0x0a };
}

function uploadLength(message: Uint8Array): number {
  // A byte of tag, then a varint.
  let length = 0;
  for (let at = 1, shift = 0; ; at++, shift += 7) {
    length += (message[at]! & 0x7f) << shift;
    if (message[at]! < 0x80) return length;
  }
}

function outbox(compressing: Compressing) {
  const sent: Uint8Array[] = [];
  const told: (readonly [sent: number, plain: number])[] = [];
  const box = new Outbox({
    compressing,
    send: (message) => sent.push(message),
    onSent: (...bytes) => told.push(bytes),
  });
  return { box, sent, told };
}

test('without a compression an upload goes at once, as it is', () => {
  const { box, sent, told } = outbox(undefined);
  const one = upload(1, 10_000, 'none');
  box.add(one);
  assert.deepEqual(sent, [one.message]);
  assert.deepEqual(told, [[one.message.length, one.message.length]]);
  assert.equal(box.isFull, false);
});

for (const way of ['zstd', 'gzip'] as const) {
  test(`${way}: uploads of all sizes go out in the order in which they came, and come to what they were`, async () => {
    const kinds = fc.array(
      fc.record({
        length: fc.constantFrom(10, 100, 300, 5_000, 200_000),
        entropy: fc.constantFrom('none' as const, 'full' as const),
      }),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(kinds, async (all) => {
        const { box, sent, told } = outbox(way);
        const uploads = all.map(({ length, entropy }, at) => upload(at + 1, length, entropy));
        for (const one of uploads) box.add(one);
        await box.settled();
        assert.equal(sent.length, uploads.length);
        for (const [at, message] of sent.entries()) {
          const { isCompressed, upload: plain } = plainOf(message);
          assert.deepEqual(Buffer.from(plain), Buffer.from(uploads[at]!.upload));
          assert.ok(message.length <= uploads[at]!.message.length);
          assert.deepEqual(told[at], [message.length, uploads[at]!.message.length]);
          const isSmaller = all[at]!.entropy === 'none' && all[at]!.length >= 300;
          assert.equal(isCompressed, isSmaller);
        }
      }),
      { numRuns: 30 },
    );
  });
}

test('it is full when as many wait as there are threads, and takes more when one has gone', async () => {
  const { box, sent } = outbox('zstd');
  const full: boolean[] = [];
  for (let n = 1; n <= 4; n++) {
    full.push(box.isFull);
    box.add(upload(n, 10_000, 'none'));
  }
  assert.deepEqual(full, [false, false, false, false]);
  assert.equal(box.isFull, true);
  // A small one behind them waits its turn, although it is not compressed.
  box.add(upload(5, 10, 'none'));
  assert.deepEqual(sent, []);
  await box.settled();
  assert.equal(box.isFull, false);
  assert.equal(sent.length, 5);
});

test('nothing goes out after a stop', async () => {
  const { box, sent, told } = outbox('zstd');
  box.add(upload(1, 10_000, 'none'));
  box.stop();
  await box.settled();
  assert.deepEqual([sent, told], [[], []]);
});
