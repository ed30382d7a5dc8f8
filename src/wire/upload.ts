import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { StoredBatch } from '../core/batch.ts';
import type { ClockCorrection } from '../core/time.ts';
import { clockQualities } from './record-prefix.ts';

/** A batch as it goes up: its records are already encoded. */
export interface OutgoingBatch extends StoredBatch {
  readonly isHistorical: boolean;
  /** How the times of its records are to be corrected; undefined: they are right as far as anybody knows. */
  readonly correction?: ClockCorrection | undefined;
}

// Tags of uplink.proto and record.proto: (field number << 3) | wire type.
const tag = {
  requestUpload: 0x12,
  uploadBatches: 0x0a,
  uploadCompression: 0x10,
  uploadCompressed: 0x1a,
  uploadUncompressedBytes: 0x20,
  firstSequence: 0x08,
  count: 0x10,
  historical: 0x18,
  clockShiftMs: 0x20,
  clockQuality: 0x28,
};

/** An encoded `Upload`, inside its `ConnectRequest`. */
export interface EncodedUpload {
  /** The whole message. */
  readonly message: Uint8Array;
  /** The upload alone: a view of the message's end. */
  readonly upload: Uint8Array;
}

/** A `ConnectRequest` with one `Upload`: the batches' stored bytes between a few bytes of header each. */
export function encodeUpload(batches: readonly OutgoingBatch[]): EncodedUpload {
  const parts: Uint8Array[] = [];
  let uploadLength = 0;
  for (const batch of batches) {
    const header = batchHeader(batch);
    const length = header.length + batch.records.length;
    const entry = new BinaryWriter().uint32(tag.uploadBatches).uint32(length).raw(header).finish();
    parts.push(entry, batch.records);
    uploadLength += entry.length + batch.records.length;
  }
  const message = Buffer.concat([new BinaryWriter().uint32(tag.requestUpload).uint32(uploadLength).finish(), ...parts]);
  return { message, upload: message.subarray(message.length - uploadLength) };
}

/**
 * A `ConnectRequest` with an upload that is compressed.
 *
 * @param compression how, in the protocol's numbers
 * @param uncompressedBytes the length of the upload that `compressed` comes to
 */
export function encodeCompressedUpload(compression: number, compressed: Uint8Array, uncompressedBytes: number): Buffer {
  const upload = new BinaryWriter().uint32(tag.uploadCompression).int32(compression);
  upload.uint32(tag.uploadCompressed).bytes(compressed).uint32(tag.uploadUncompressedBytes).uint32(uncompressedBytes);
  const body = upload.finish();
  const head = new BinaryWriter().uint32(tag.requestUpload).uint32(body.length).finish();
  return Buffer.concat([head, body]);
}

function batchHeader(batch: OutgoingBatch): Uint8Array {
  const writer = new BinaryWriter().uint32(tag.firstSequence).uint64(batch.firstSequence);
  writer.uint32(tag.count).uint32(batch.count);
  if (batch.isHistorical) writer.uint32(tag.historical).bool(true);
  if (batch.correction !== undefined) {
    writer.uint32(tag.clockShiftMs).sint64(batch.correction.shiftMs);
    writer.uint32(tag.clockQuality).int32(clockQualities[batch.correction.quality]);
  }
  return writer.finish();
}
