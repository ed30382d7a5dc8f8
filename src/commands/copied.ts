import type { Shelf, ShelfChange } from '../core/shelf.ts';

/** Where on the shelf it lies. The name means the same for ever. */
const space = 'commands.copied';
const key = 'copied';

/**
 * What to put on the shelf of a data directory that is a copy, by a backup or of a card: the commands in it may have
 * been carried out since.
 */
export function copiedEntry(): ShelfChange & { readonly value: Uint8Array } {
  return { space, key, value: Uint8Array.of(1) };
}

/**
 * Whether this directory is such a copy; told once, along with whatever is put in the same turn.
 * @throws {HeadgateError} buffer.failed
 */
export async function takeCopied(shelf: Shelf): Promise<boolean> {
  const isCopied = (await shelf.entries(space)).length > 0;
  if (isCopied) shelf.delete(space, key);
  return isCopied;
}

/** So many revisions may the original have reported since: what a copy reports is newer than any of them. */
export const revisionLeap = 1_000;
