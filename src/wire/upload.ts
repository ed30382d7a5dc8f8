import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { StoredBatch } from '../core/batch.ts';

/** A batch as it goes up: its records are already encoded. */
export interface OutgoingBatch extends StoredBatch {
  readonly isHistorical: boolean;
}

// Tags of uplink.proto and record.proto: (field number << 3) | wire type.
const tag = { requestUpload: 0x12, uploadBatches: 0x0a, firstSequence: 0x08, count: 0x10, historical: 0x18 };

/** An encoded `ConnectRequest` with one `Upload`: the batches' stored bytes between a few bytes of header each. */
export function encodeUpload(batches: readonly OutgoingBatch[]): Buffer {
  const parts: Uint8Array[] = [];
  let uploadLength = 0;
  for (const batch of batches) {
    const header = batchHeader(batch);
    const length = header.length + batch.records.length;
    const entry = new BinaryWriter().uint32(tag.uploadBatches).uint32(length).raw(header).finish();
    parts.push(entry, batch.records);
    uploadLength += entry.length + batch.records.length;
  }
  return Buffer.concat([new BinaryWriter().uint32(tag.requestUpload).uint32(uploadLength).finish(), ...parts]);
}

function batchHeader(batch: OutgoingBatch): Uint8Array {
  const writer = new BinaryWriter().uint32(tag.firstSequence).uint64(batch.firstSequence);
  writer.uint32(tag.count).uint32(batch.count);
  if (batch.isHistorical) writer.uint32(tag.historical).bool(true);
  return writer.finish();
}
