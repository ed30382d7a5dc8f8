import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { MalformedError } from '../../src/lib/proto-cursor.ts';
import { readUpload } from '../../src/wire/batch-reader.ts';
import { Compression, ConnectRequest, Upload } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { maxPlainBytes, plainBytesOf, unpack } from '../../src/wire/packed-upload.ts';

import { encodeCompressedUpload, encodeUpload } from '../../src/wire/upload.ts';
import { uploadOf } from '../collector/fixtures.ts';

const ways = {
  gzip: { number: Compression.COMPRESSION_GZIP, compress: (bytes: Uint8Array) => gzipSync(bytes) },
  zstd: { number: Compression.COMPRESSION_ZSTD, compress: (bytes: Uint8Array) => zstdCompressSync(bytes) },
};
type Way = keyof typeof ways;

/** A compressed upload, honest unless `claims` or `number` says otherwise. */
function packed(
  way: Way,
  plain: Uint8Array,
  lies: { claims?: number; number?: Compression; compressed?: Uint8Array } = {},
) {
  const compressed = lies.compressed ?? ways[way].compress(plain);
  return Upload.encode({
    batches: [],
    compression: lies.number ?? ways[way].number,
    compressed,
    uncompressedBytes: lies.claims ?? plain.length,
  }).finish();
}

const plain = uploadOf('gw', [Array.from({ length: 50 }, (_, at) => at + 1)]);

for (const way of ['gzip', 'zstd'] as const) {
  test(`${way}: what was compressed is what is read, and counts for what it comes to`, () => {
    const upload = packed(way, plain);
    assert.ok(upload.length < plain.length);
    assert.equal(plainBytesOf(upload), plain.length);
    assert.deepEqual(Buffer.from(unpack(upload)), Buffer.from(plain));
    assert.equal(readUpload(upload)[0]!.count, 50);
  });

  test(`${way}: a bomb costs no more than it claims, and is refused`, () => {
    const bomb = packed(way, Buffer.alloc(64 << 20), { claims: 70_000 });
    const before = process.memoryUsage().arrayBuffers;
    assert.throws(() => unpack(bomb), /more than the 70000 bytes that it claims/);
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 << 20);
  });

  test(`${way}: what claims more than any upload may come to is refused before anything is decompressed`, () => {
    for (const claims of [maxPlainBytes + 1, 2 ** 32 - 1]) {
      const upload = packed(way, plain, { claims });
      assert.throws(() => plainBytesOf(upload), MalformedError);
      assert.throws(() => unpack(upload), MalformedError);
    }
  });

  const lies: [what: string, upload: Uint8Array, reason: RegExp][] = [
    ['claims a byte too many', packed(way, plain, { claims: plain.length + 1 }), /comes to \d+ bytes, not to/],
    ['claims a byte too few', packed(way, plain, { claims: plain.length - 1 }), /more than the/],
    ['claims nothing', packed(way, plain, { claims: 0 }), /claims to come to 0/],
    ['is cut off', packed(way, plain, { compressed: ways[way].compress(plain).subarray(0, -5) }), /decompressed/],
    ['is no such thing', packed(way, plain, { compressed: Buffer.from('no frame at all') }), /decompressed/],
    ['is compressed some other way', packed(way, plain, { number: 77 as Compression }), /way \(77\)/],
    ['says not how', packed(way, plain, { number: Compression.COMPRESSION_UNSPECIFIED }), /way \(0\)/],
  ];
  for (const [what, upload, reason] of lies) {
    test(`${way}: an upload that ${what} is malformed`, () => {
      assert.throws(() => unpack(upload), { name: 'MalformedError', message: reason });
    });
  }
}

test('a zstd frame that asks for a window of 128 MiB is refused without it', () => {
  // Magic, then a header with no flags (so a window follows), and the window's byte: 2^27.
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00]);
  assert.throws(() => unpack(packed('zstd', plain, { compressed: frame })), /decompressed/);
});

test('batches beside a compressed part are refused, on whichever side, and so is a compressed part within another', () => {
  const inner = packed('zstd', plain);
  assert.throws(() => readUpload(Buffer.concat([inner, plain])), /batches beside/);
  assert.throws(() => readUpload(Buffer.concat([plain, inner])), /where batches should be/);
  // Not smaller twice, so it takes some padding: an unknown field, which a reader skips.
  const padded = Buffer.concat([inner, Buffer.from([0x7a, 100]), Buffer.alloc(100)]);
  assert.throws(() => readUpload(packed('zstd', padded)), /where batches should be/);
});

test('an upload that is not compressed is read as it is, without a copy', () => {
  assert.equal(unpack(plain), plain);
  assert.equal(plainBytesOf(plain), plain.length);
  assert.equal(plainBytesOf(new Uint8Array()), 0);
  // Nor is one that begins with what a newer version may have to say.
  const newer = Buffer.concat([Buffer.from([0x7a, 1, 0]), plain]);
  assert.equal(unpack(newer), newer);
});

test('what the gateway compresses is an Upload by the generated code too', () => {
  const batch = { lane: 'a', firstSequence: 7, count: 1, records: Buffer.from([0x7a, 0]), isHistorical: true };
  const { upload } = encodeUpload([batch as unknown as Parameters<typeof encodeUpload>[0][number]]);
  const compressed = gzipSync(upload);
  const message = encodeCompressedUpload(Compression.COMPRESSION_GZIP, compressed, upload.length);
  const { message: content } = ConnectRequest.decode(message);
  assert.equal(content?.$case, 'upload');
  assert.deepEqual(content.value, {
    batches: [],
    compression: Compression.COMPRESSION_GZIP,
    compressed,
    uncompressedBytes: upload.length,
  });
});

test('whatever bytes come, the answer is the upload or that it is malformed', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(plain.length),
      fc.constantFrom<Way>('gzip', 'zstd'),
      (noise, at, way) => {
        const upload = Buffer.from(packed(way, plain));
        upload.set(noise.subarray(0, Math.max(0, upload.length - at)), Math.min(at, upload.length));
        for (const bytes of [noise, upload]) {
          try {
            unpack(bytes);
          } catch (error) {
            assert.ok(error instanceof MalformedError);
          }
        }
      },
    ),
  );
});
