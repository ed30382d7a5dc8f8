import type { TestContext } from 'node:test';
import type { Random } from '../../test/support/random.ts';
import { Card } from './card.ts';

/** What a scenario is given. */
export interface Scene {
  readonly t: TestContext;
  /** Empty, and gone afterwards. */
  readonly directory: string;
  readonly random: Random;
  /** Of the card's file system, to try them out. */
  readonly features: string | undefined;
  /** Done when all processes of the scenario are gone. */
  afterwards(work: () => Promise<void>): void;
}

/** A new card, that is closed when nobody uses it any more. */
export async function cardOf(
  { directory, random, features, afterwards }: Scene,
  sizeBytes = 512 * 2 ** 20,
): Promise<Card> {
  const card = await Card.make({ directory, sizeBytes, random, features });
  afterwards(() => card.close());
  return card;
}
