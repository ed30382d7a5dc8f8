import { HeadgateError } from './errors.ts';

/** One entry: its key, unique within its space, and its bytes. */
export type ShelfEntry = readonly [key: string, value: Uint8Array];

/** An entry that is put in its place, or, without a value, taken away. */
export interface ShelfChange {
  readonly space: string;
  readonly key: string;
  readonly value?: Uint8Array;
}

/**
 * A small durable map, for what a part has to remember beyond the process: keys are texts, values bytes, and every part
 * uses spaces of its own, named after it. It is all read at start, so it is for megabytes, not for gigabytes.
 */
export interface Shelf {
  /**
   * A space's entries as they were last saved, in order of their keys; to be read at start, before anything is put.
   * @throws {HeadgateError} buffer.failed when the disk does not give them
   */
  entries(space: string): Promise<readonly ShelfEntry[]>;
  /** Takes an entry in, in place of the one before; durable within a second or so, and when `saved` says so. */
  put(space: string, key: string, value: Uint8Array): void;
  /** Takes an entry out, if it is there; as durable as a `put`. */
  delete(space: string, key: string): void;
  /**
   * Resolves when everything put and deleted so far is durable. What was put in one turn of the event loop, up to the
   * last of its promises, becomes durable together or not at all.
   * @throws {HeadgateError} buffer.failed when the disk refuses it: the changes are kept, and tried again later
   */
  saved(): Promise<void>;
  /** Whether what was last put or deleted of a key, if anything was, is durable. */
  isSaved(space: string, key: string): boolean;
}

/** Whether what `saved` threw says that the disk refuses: what was put holds in this process, and is tried again. */
export function isRefusal(error: unknown): boolean {
  return error instanceof HeadgateError && error.code === 'buffer.failed';
}
