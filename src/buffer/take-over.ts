import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import type { ShelfChange } from '../core/shelf.ts';
import { Head, newEpoch } from './head.ts';
import { ShelfStore } from './shelf-store.ts';
import type { Identity } from './worker-protocol.ts';

/** What was changed. */
export interface TakenOver {
  readonly gateway: string;
  readonly oldEpoch: string;
  readonly epoch: string;
}

/**
 * Gives a data directory that no gateway runs on a new epoch. A copy of it has given out the same sequences for other
 * records: under the old epoch the collector would take ours for theirs. So what waits goes under the new one; of what
 * waited when the copy was made, a record may arrive under both.
 *
 * @param marks what to put on the shelf, so that the gateway says whose place it takes. It is there before the epoch is, so
 *   that a power cut in between changes nothing
 * @throws {HeadgateError} directory.not-data when there is no gateway's data, data.in-use, data.newer, data.unwritable
 */
export function takeOver(dataDir: string, marks: (epoch: string, from: string) => readonly ShelfChange[]): TakenOver {
  const directory = join(dataDir, 'buffer');
  const path = join(directory, 'head.db');
  if (!existsSync(path)) {
    throw new HeadgateError(
      'directory.not-data',
      `${dataDir} is no gateway's data directory: it has no buffer/head.db.`,
    );
  }
  // It is held open meanwhile, which keeps a gateway out.
  const head = new Head(path, join(directory, 'damaged'));
  try {
    if (head.isNew) throw new HeadgateError('directory.not-data', `${path} does not say whose data it is.`);
    const { gateway, epoch: oldEpoch }: Identity = head.identity;
    const epoch = newEpoch();
    putOnShelf(directory, marks(epoch, oldEpoch));
    head.found({ gateway, epoch }, head.reserved);
    return { gateway, oldEpoch, epoch };
  } finally {
    head.close();
  }
}

/** @throws {HeadgateError} data.in-use, data.unwritable; an error of SQLite when the disk refuses it */
export function putOnShelf(directory: string, changes: readonly ShelfChange[]): void {
  const shelf = new ShelfStore(join(directory, 'shelf.db'));
  try {
    shelf.apply(changes);
  } finally {
    shelf.close();
  }
}
