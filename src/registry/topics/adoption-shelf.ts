import type { Shelf } from '../../core/shelf.ts';

const space = 'registry.adoptions';
const kept = Uint8Array.of(1);

/** What was adopted without asking, as far as it has to be kept. */
export interface Adopted {
  changed: (key: string, isKept: boolean) => void;
  restore(key: string): boolean;
}

/**
 * Keeps what was adopted without asking: after a restart the same profile holds, even if by then another one seems likelier.
 * @throws {HeadgateError} buffer.failed when the shelf can't be read
 */
export async function keepAdoptions(adoptions: Adopted, shelf: Shelf): Promise<void> {
  for (const [key] of await shelf.entries(space)) if (!adoptions.restore(key)) shelf.delete(space, key);
  adoptions.changed = (key, isKept) => {
    if (isKept) shelf.put(space, key, kept);
    else shelf.delete(space, key);
  };
}
