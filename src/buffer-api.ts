import type { BufferApi } from './api/buffer-routes.ts';
import { backUp } from './buffer/backup.ts';
import type { RecordBuffer } from './buffer/buffer.ts';
import type { UnixMs } from './core/time.ts';
import { version } from './version.ts';

/**
 * What HTTP may ask of the buffer.
 *
 * @param bufferDirectory where its files are
 */
export function bufferApi(
  buffer: RecordBuffer,
  bufferDirectory: string,
  identity: BufferApi['identity'],
  now: () => UnixMs,
): BufferApi {
  return {
    identity,
    replayingRecords: () => buffer.archive.replayingRecords,
    history: (window) => buffer.archive.history(window),
    replay: (batches) => buffer.archive.replay(batches),
    backup: (directory) =>
      backUp(buffer, { directory, bufferDirectory, bytes: buffer.status().diskBytes, version, now }),
  };
}
