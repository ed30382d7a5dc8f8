import type { TestContext } from 'node:test';
import type { Random } from '../../test/support/random.ts';
import type { Board } from './machine.ts';

/** What a scenario is given. */
export interface ImageScene {
  readonly t: TestContext;
  readonly image: string;
  readonly board: Board;
  /** Empty, and gone afterwards. */
  readonly directory: string;
  readonly random: Random;
  /** The journal goes to the console, and so to serial.log. */
  readonly tellsAll: boolean;
  /** How often, where a scenario does something again and again. */
  readonly times: number | undefined;
  /** Done when the scenario is over, last first. */
  afterwards(work: () => Promise<void>): void;
}
