import { HeadgateError } from '../core/errors.ts';
import type { ClockCorrections } from '../core/time.ts';
import { copyPieces } from './backup.ts';
import type { Disk } from './disk.ts';
import { type HistoryBatch, historyOf, type Window } from './history.ts';
import type { Lanes } from './lanes.ts';
import type { Replays } from './replays.ts';
import type { CopiedFile, Damage } from './worker-protocol.ts';

export interface ArchiveDependencies {
  readonly lanes: Lanes;
  readonly replays: Replays;
  readonly disk: () => Disk | undefined;
  readonly onDamage: (damage: Damage) => void;
  readonly corrections: ClockCorrections | undefined;
}

/** What can be done with records besides sending them as they come: looking back, sending again, copying. */
export class Archive {
  readonly #deps: ArchiveDependencies;
  #isBackingUp = false;

  constructor(deps: ArchiveDependencies) {
    this.#deps = deps;
  }

  /** Every batch on disk that was begun within a window, in order of sequence. @throws {HeadgateError} buffer.* */
  history(window: Window): AsyncGenerator<HistoryBatch, void, void> {
    return historyOf(window, this.#deps);
  }

  /** Has batches of {@link history} that were delivered sent again. @returns how many records @throws {HeadgateError} buffer.* */
  replay(batches: AsyncIterable<HistoryBatch>): Promise<number> {
    return this.#deps.replays.add(batches);
  }

  /** Records that are being sent again, and not confirmed once more. They don't count as waiting. */
  get replayingRecords(): number {
    return this.#deps.replays.remaining;
  }

  /**
   * Copies everything, as it is when it resolves, into a directory that exists and is empty, while all goes on.
   * @throws {HeadgateError} buffer.closed, or backup.failed: what is in the directory is worth nothing then
   */
  async backup(directory: string): Promise<readonly CopiedFile[]> {
    const files: CopiedFile[] = [];
    for await (const piece of this.backupPieces(directory)) files.push(...piece);
    return files;
  }

  /** The same piece by piece: what has been copied may be taken away before the next is asked for. @throws {HeadgateError} as {@link backup} */
  async *backupPieces(directory: string): AsyncGenerator<readonly CopiedFile[]> {
    if (this.#isBackingUp) throw new HeadgateError('backup.failed', 'Another backup is being made.');
    this.#isBackingUp = true;
    try {
      yield* copyPieces(this.#deps.disk, directory);
    } finally {
      this.#isBackingUp = false;
    }
  }
}
