import { type Static, Type } from 'typebox';
import { bytes } from '../lib/option-types.ts';

export const bufferOptions = Type.Object({
  maxBatchBytes: bytes({
    default: '512KiB',
    description: 'A batch is committed when it has grown to this size, if not before.',
  }),
  maxPendingBytes: bytes({
    default: '64MiB',
    description: 'What may wait in memory for the disk. Beyond it sources are held back until commits catch up.',
  }),
  checkpointBytes: bytes({
    default: '32MiB',
    description: 'Size of the write-ahead log at which its pages are moved into the database file.',
  }),
});
export type BufferOptions = Static<typeof bufferOptions>;
