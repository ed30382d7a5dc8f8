import { type Static, Type } from 'typebox';
import { bytes, count, duration } from '../lib/option-types.ts';

export const bufferOptions = Type.Object({
  maxBytes: Type.Optional(
    bytes({
      description:
        'What the buffer may take on disk. Unset: half of the file system that `dataDir` is on. Beyond it the oldest bulk records go, then the oldest normal ones; critical ones stay, and their sources wait.',
    }),
  ),
  keep: duration({
    default: '0s',
    description:
      'How long delivered records stay on disk, so that they can be exported or sent again. They are the first to go when space is short.',
  }),
  segmentBytes: bytes({
    default: '16MiB',
    description: 'Size of the files in which records are kept, and deleted: small budgets use smaller ones.',
  }),
  maxBatchBytes: bytes({
    default: '512KiB',
    description: 'A batch is committed when it has grown to this size, if not before.',
  }),
  maxPendingBytes: bytes({
    default: '64MiB',
    description:
      'What may be in memory only: on its way to the disk, or, under a `relaxed` or `memory` rule, waiting for the uplink.',
  }),
  maxDeliveries: count({
    default: 20000,
    description: 'Messages that are remembered over a restart, to recognise those that are sent again.',
  }),
});
export type BufferOptions = Static<typeof bufferOptions>;
