import type { Presence } from './presence.ts';

export type PresenceCounts = Readonly<Record<Presence, number>>;

/** How many devices are known. */
export interface RegistryStatus extends PresenceCounts {
  /** All but those that people ignore: the sum of the four. */
  readonly total: number;
  readonly ignored: number;
  /** Messages since the start whose device could not be registered, because there are too many or its id is too long. */
  readonly unregisteredMessages: number;
  /** Topics whose newest message is kept to be learnt from after a restart, their bytes, and lessons that were not kept. */
  readonly lessons: { readonly topics: number; readonly bytes: number; readonly refused: number };
}
