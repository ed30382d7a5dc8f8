import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { messageOf } from '../core/errors.ts';
import { MalformedError, ProtoCursor } from '../lib/proto-cursor.ts';
import { Compression } from './generated/headgate/v1/uplink.ts';

/** What a compressed upload may come to, in bytes: as much as an uncompressed one may have. */
export const maxPlainBytes = 16 << 20;

/** The compressions that {@link unpack} takes, the favourite first: zstd does more with less of the processor. */
export const compressions: readonly Compression[] = [Compression.COMPRESSION_ZSTD, Compression.COMPRESSION_GZIP];

// Tags of `Upload` in uplink.proto: field number << 3 | wire type.
export const packedTag = { compression: 0x10, compressed: 0x1a, uncompressedBytes: 0x20 } as const;
const batches = 0x0a;

/** A zstd frame may ask for a window of 128 MiB, whatever it holds: no more than the most that may come out. */
const zstdLimits = { [constants.ZSTD_d_windowLogMax]: Math.log2(maxPlainBytes) };
/** What is allocated at once: a claim is only believed so far. */
const chunkBytes = { least: 1024, most: 1 << 20 };

interface Packed {
  readonly compression: Compression;
  readonly compressed: Uint8Array;
  readonly plainBytes: number;
}

/**
 * What an encoded `Upload` is to be accounted for in a window: its own length, or what it says that it comes to. Nothing
 * is decompressed here; {@link unpack} holds it to its word.
 *
 * @throws MalformedError when it is compressed and claims what no upload may come to, or less than it has already
 */
export function plainBytesOf(upload: Uint8Array): number {
  return packedIn(upload)?.plainBytes ?? upload.length;
}

/**
 * An `Upload` with its batches at hand: as it is, or decompressed. Costs no more memory than it claims to come to.
 *
 * @throws MalformedError when it can't be decompressed, or does not come to exactly what it claims
 */
export function unpack(upload: Uint8Array): Uint8Array {
  const packed = packedIn(upload);
  if (packed === undefined) return upload;
  const { compression, compressed, plainBytes } = packed;
  const chunkSize = Math.min(chunkBytes.most, Math.max(chunkBytes.least, plainBytes + 1));
  const options = { maxOutputLength: plainBytes, chunkSize };
  let plain: Uint8Array;
  try {
    plain =
      compression === Compression.COMPRESSION_ZSTD
        ? zstdDecompressSync(compressed, { ...options, params: zstdLimits })
        : gunzipSync(compressed, options);
  } catch (error) {
    const isTooMuch = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new MalformedError(
      isTooMuch
        ? `its compressed part comes to more than the ${plainBytes} bytes that it claims`
        : `its compressed part can't be decompressed (${messageOf(error)})`,
    );
  }
  if (plain.length !== plainBytes) {
    throw new MalformedError(`its compressed part comes to ${plain.length} bytes, not to the ${plainBytes} it claims`);
  }
  return plain;
}

/** The compressed part of an upload; undefined when it has none. */
function packedIn(upload: Uint8Array): Packed | undefined {
  // Batches come first in an upload that has some. A compressed part behind them is refused when they are read.
  if (upload.length === 0 || upload[0] === batches) return undefined;
  const cursor = new ProtoCursor().open(upload);
  let compression: Compression = Compression.COMPRESSION_UNSPECIFIED;
  let compressed: Uint8Array = upload.subarray(0, 0);
  let plainBytes = 0;
  let hasBatches = false;
  let isPacked = false;
  while (cursor.at < cursor.end) {
    const field = cursor.tag();
    if (field === packedTag.compression || field === packedTag.compressed) isPacked = true;
    switch (field) {
      case packedTag.compression:
        compression = cursor.uint() as Compression;
        break;
      case packedTag.compressed: {
        const stop = cursor.span();
        compressed = upload.subarray(cursor.at, stop);
        cursor.at = stop;
        break;
      }
      case packedTag.uncompressedBytes:
        plainBytes = cursor.uint();
        break;
      case batches:
        hasBatches = true;
        cursor.skip(field);
        break;
      default:
        cursor.skip(field);
    }
  }
  if (!isPacked) return undefined;
  if (hasBatches) throw new MalformedError('it has batches beside a compressed part');
  if (!compressions.includes(compression)) {
    throw new MalformedError(`it is compressed in a way (${compression}) that this collector did not offer`);
  }
  if (plainBytes < compressed.length || plainBytes > maxPlainBytes || plainBytes === 0) {
    throw new MalformedError(
      `its compressed part of ${compressed.length} bytes claims to come to ${plainBytes}; no upload may come to ` +
        `more than ${maxPlainBytes}, and none is compressed that does not become smaller`,
    );
  }
  return { compression, compressed, plainBytes };
}
