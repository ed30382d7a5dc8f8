import { formatBytes } from './units.ts';

/**
 * Why there is no room for records.
 *
 * `disk`: the disk had none for what was written last, whatever the buffer may take. `budget`: the buffer has used up `buffer.maxBytes`.
 * `rule`: a rule has used up its own `maxBytes`.
 */
export type NoRoom =
  | {
      readonly of: 'disk';
      /** A directory on it. */
      readonly directory: string;
      /** What it has left for this user. */
      readonly freeBytes: number;
    }
  | { readonly of: 'budget' | 'rule' };

/** What a buffer takes on disk, and may take. */
export interface Budget {
  readonly diskBytes: number;
  readonly maxBytes: number;
}

/**
 * What is used up and what to do about it, in a sentence or two.
 *
 * @param where instead of the path of the disk, for whoever is not to know it
 */
export function roomAdvice(noRoom: NoRoom, { diskBytes, maxBytes }: Budget, where?: string): string {
  const [taken, budget] = [formatBytes(diskBytes), formatBytes(maxBytes)];
  switch (noRoom.of) {
    case 'disk':
      return `The disk of ${where ?? noRoom.directory} has ${formatBytes(noRoom.freeBytes)} left, and the buffer takes ${taken} of the ${budget} that it may: delete what others have there, or restore the uplink. Raising \`buffer.maxBytes\` does not help.`;
    case 'budget':
      return `It takes ${taken} of the ${budget} that it may: restore the uplink, or raise \`buffer.maxBytes\`.`;
    case 'rule':
      return 'These records take all that their rule may: restore the uplink, or raise its `maxBytes`.';
  }
}
