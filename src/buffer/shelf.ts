import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Shelf, ShelfChange, ShelfEntry } from '../core/shelf.ts';

/** What the shelf asks of the disk's thread. */
export interface ShelfDisk {
  /** Makes changes durable, all or none; rejects when the disk refuses them. One is under way at a time. */
  apply(changes: readonly ShelfChange[]): Promise<void>;
  /** A space's entries in order of their keys. */
  entries(space: string): Promise<readonly ShelfEntry[]>;
}

export interface ShelfTiming {
  /** How long a change that nobody waits for may stay in memory. Default 1,000 ms. */
  readonly lingerMs?: number;
  /** When changes that the disk refused are tried again of their own accord. Default 5,000 ms. */
  readonly retryMs?: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: HeadgateError) => void;
}

/** Changes that are not on disk yet: by space, then by key; undefined stands for a deletion. */
type Pending = Map<string, Map<string, Uint8Array | undefined>>;

/**
 * The shelf as parts see it. Changes gather in memory, the later one of a key over the earlier one, and go to the disk
 * together: at the end of the turn in which somebody waits for them, else when a second is over, and never before what
 * went last is done. What the disk refuses stays, and goes along with what comes next.
 */
export class WriteBehindShelf implements Shelf {
  readonly #disk: ShelfDisk;
  readonly #lingerMs: number;
  readonly #retryMs: number;
  #pending: Pending = new Map();
  /** Who waits for what is pending. */
  #waiters: Waiter[] = [];
  /** What is with the disk. */
  #writing: Pending | undefined;
  /** What the disk has been asked to do, settled when it has answered. */
  #underWay: Promise<void> | undefined;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(disk: ShelfDisk, { lingerMs = 1_000, retryMs = 5_000 }: ShelfTiming = {}) {
    this.#disk = disk;
    this.#lingerMs = lingerMs;
    this.#retryMs = retryMs;
  }

  async entries(space: string): Promise<readonly ShelfEntry[]> {
    try {
      return await this.#disk.entries(space);
    } catch (error) {
      throw asHeadgateError(error);
    }
  }

  put(space: string, key: string, value: Uint8Array): void {
    this.#change(space, key, value);
  }

  delete(space: string, key: string): void {
    this.#change(space, key, undefined);
  }

  saved(): Promise<void> {
    if (this.#pending.size === 0) return this.#underWay ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#writeSoon();
    });
  }

  isSaved(space: string, key: string): boolean {
    return ![this.#pending, this.#writing].some((changes) => changes?.get(space)?.has(key));
  }

  #change(space: string, key: string, value: Uint8Array | undefined): void {
    let changes = this.#pending.get(space);
    if (changes === undefined) {
      changes = new Map();
      this.#pending.set(space, changes);
    }
    changes.set(key, value);
    this.#writeWithin(this.#lingerMs);
  }

  #writeWithin(ms: number): void {
    // What is under way sees to what came meanwhile.
    if (this.#timer !== undefined || this.#underWay !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, ms);
    // Whoever ends the process in good order waits for `saved`.
    this.#timer.unref();
  }

  /** When this turn is over, with all that belongs together. */
  #writeSoon(): void {
    if (this.#isDue || this.#underWay !== undefined) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#underWay !== undefined || this.#pending.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    const waiters = this.#waiters;
    this.#writing = pending;
    this.#pending = new Map();
    this.#waiters = [];
    const underWay = this.#disk.apply(listOf(pending)).then(
      () => this.#settle(waiters),
      (error) => {
        const failure = asHeadgateError(error);
        this.#takeBack(pending);
        this.#settle(waiters, failure);
        throw failure;
      },
    );
    this.#underWay = underWay;
    // Who waits has been told; nobody has to.
    underWay.catch(() => {});
  }

  #settle(waiters: readonly Waiter[], failure?: HeadgateError): void {
    this.#underWay = undefined;
    this.#writing = undefined;
    for (const { resolve, reject } of waiters) {
      if (failure === undefined) resolve();
      else reject(failure);
    }
    if (this.#pending.size === 0) return;
    if (this.#waiters.length > 0) this.#writeSoon();
    else this.#writeWithin(failure === undefined ? this.#lingerMs : this.#retryMs);
  }

  /** What was refused is pending again, but for what has changed since. */
  #takeBack(refused: Pending): void {
    for (const [space, changes] of refused) {
      const since = this.#pending.get(space);
      if (since !== undefined) for (const [key, value] of since) changes.set(key, value);
      this.#pending.set(space, changes);
    }
  }
}

function listOf(pending: Pending): ShelfChange[] {
  const changes: ShelfChange[] = [];
  for (const [space, byKey] of pending) {
    for (const [key, value] of byKey) changes.push(value === undefined ? { space, key } : { space, key, value });
  }
  return changes;
}

function asHeadgateError(error: unknown): HeadgateError {
  if (error instanceof HeadgateError) return error;
  return new HeadgateError('buffer.failed', `The buffer's disk failed: ${messageOf(error)}.`, { cause: error });
}
