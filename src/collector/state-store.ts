/** A value and the number that each change of it raises. */
export interface StateEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

/**
 * What a collector has to remember beside records: identities, lineages, commands, one-time tokens. Durable when a
 * change's promise resolves. Collectors that share a store see one another's changes.
 *
 * Keys are of the form `space.part.part`, each part of letters, digits, `-` and `_`, see {@link keyOf}.
 */
export interface StateStore {
  /** @throws HeadgateError `sink.failed` when the store can't be asked */
  get(key: string): Promise<StateEntry | undefined>;
  /** All entries whose key begins with `space.`, in no order. @throws HeadgateError `sink.failed` */
  list(space: string): Promise<readonly StateEntry[]>;
  /**
   * Puts a value in place of the one with `expected` as its revision; 0: where there is none.
   *
   * @returns its new revision; undefined, and nothing is changed, when somebody else was faster
   * @throws HeadgateError `sink.failed`
   */
  put(key: string, value: Uint8Array, expected: number): Promise<number | undefined>;
  /** As {@link put}. @returns whether it is gone now by this call */
  delete(key: string, expected: number): Promise<boolean>;
  /**
   * Tells of each change within a space, whoever made it, soon after it was made; `value` is undefined when the key was
   * deleted. What is replaced before it was told may be passed over; the last value never is. Returns how to stop.
   */
  watch(space: string, listener: (key: string, value: Uint8Array | undefined) => void): () => void;
  close(): Promise<void>;
}

/** A key of parts that may hold anything: what a key can't hold is written as `=` and two hex digits for each byte. */
export function keyOf(space: string, ...parts: readonly string[]): string {
  return [space, ...parts.map(escapePart)].join('.');
}

/** The parts that {@link keyOf} was given, without the space. */
export function partsOf(key: string): string[] {
  return key.split('.').slice(1).map(unescapePart);
}

/** One part of a key, see {@link keyOf}. */
export function escapePart(part: string): string {
  return Array.from(Buffer.from(part), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(character) ? character : `=${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}

function unescapePart(part: string): string {
  return decodeURIComponent(part.replaceAll('=', '%'));
}
