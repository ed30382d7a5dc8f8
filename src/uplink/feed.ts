import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';

/** What the feed needs of the buffer. */
export interface Backlog {
  read(after: number, maxBytes: number): Promise<readonly StoredBatch[]>;
  onCommitted(listener: (batch: StoredBatch) => void): () => void;
}

/** What is held ready in memory at the most. */
const maxHeldBytes = 4 * 2 ** 20;
const readBytes = 2 * 2 ** 20;

/**
 * The batches to send next, in order of sequence. As long as the uplink keeps up, they come straight from the commit
 * that made them durable and are never read from disk; when it falls behind or starts anew, they are read in pieces,
 * so that a backlog of any size takes the same memory.
 */
export class Feed {
  readonly #backlog: Backlog;
  readonly #onReady: () => void;
  readonly #onFailed: (error: unknown) => void;
  #held: StoredBatch[] = [];
  #heldBytes = 0;
  /** The last sequence that was held. */
  #position = 0;
  /** `following`: commits are held as they come. `reading`: a read is under way. `behind`: the disk has more. */
  #mode: 'following' | 'reading' | 'behind' | 'stopped' = 'stopped';
  #committedMeanwhile = false;
  /** Told apart from reads that were asked for before a restart. */
  #generation = 0;
  #stopListening: (() => void) | undefined;

  /**
   * @param onReady something is held that was not
   * @param onFailed a read failed; the feed goes on when it is restarted
   */
  constructor(backlog: Backlog, onReady: () => void, onFailed: (error: unknown) => void) {
    this.#backlog = backlog;
    this.#onReady = onReady;
    this.#onFailed = onFailed;
  }

  /** Starts over from the oldest batch that waits. */
  restart(): void {
    this.stop();
    this.#position = 0;
    this.#mode = 'behind';
    this.#stopListening = this.#backlog.onCommitted((batch) => this.#committed(batch));
    this.#fill();
  }

  stop(): void {
    this.#generation++;
    this.#mode = 'stopped';
    this.#held = [];
    this.#heldBytes = 0;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Takes the next batches: at least one if any is held, then as many as stay within `maxBytes`. */
  take(maxBytes: number): StoredBatch[] {
    let bytes = 0;
    let count = 0;
    for (const { records } of this.#held) {
      if (count > 0 && bytes + records.length > maxBytes) break;
      bytes += records.length;
      count++;
    }
    const taken = this.#held.splice(0, count);
    this.#heldBytes -= bytes;
    this.#fill();
    return taken;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  #committed(batch: StoredBatch): void {
    if (this.#mode !== 'following') {
      this.#committedMeanwhile = true;
    } else if (this.#heldBytes + batch.records.length <= maxHeldBytes) {
      this.#hold(batch);
      this.#onReady();
    } else {
      this.#mode = 'behind';
    }
  }

  #hold(batch: StoredBatch): void {
    this.#held.push(batch);
    this.#heldBytes += batch.records.length;
    this.#position = lastSequenceOf(batch);
  }

  #fill(): void {
    if (this.#mode !== 'behind' || this.#heldBytes > maxHeldBytes - readBytes) return;
    this.#mode = 'reading';
    this.#committedMeanwhile = false;
    const generation = this.#generation;
    this.#backlog.read(this.#position, readBytes).then(
      (batches) => {
        if (generation === this.#generation) this.#took(batches);
      },
      (error) => {
        if (generation !== this.#generation) return;
        this.#mode = 'behind';
        this.#onFailed(error);
      },
    );
  }

  #took(batches: readonly StoredBatch[]): void {
    for (const batch of batches) this.#hold(batch);
    // Nothing more on disk, and nothing was committed since it was asked: from here on commits tell.
    this.#mode = batches.length === 0 && !this.#committedMeanwhile ? 'following' : 'behind';
    if (batches.length > 0) this.#onReady();
    this.#fill();
  }
}
