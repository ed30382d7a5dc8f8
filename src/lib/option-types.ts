import { type TSchema, Type } from 'typebox';

// The building blocks of every part's options.ts. Durations and sizes are written for people ("20s", "8MB")
// and reach the code as numbers: the config loader converts what carries `unit`.

interface About<T> {
  readonly description: string;
  readonly default?: T;
  /** For the example file, when there is no default. */
  readonly examples?: readonly T[];
}

/** Milliseconds in code; `20s`, `1.5h`, `30d` or a bare number of milliseconds in the config. */
export const duration = (about: About<string>) =>
  Type.Unsafe<number>(Type.Union([Type.String(), Type.Number({ minimum: 0 })], { ...about, unit: 'duration' }));

/** Bytes in code; `8MB`, `64KiB` or a bare number of bytes in the config. */
export const bytes = (about: About<string>) =>
  Type.Unsafe<number>(Type.Union([Type.String(), Type.Number({ minimum: 0 })], { ...about, unit: 'bytes' }));

/** A TCP port; 0 takes any free one. */
export const port = (about: About<number>) => Type.Integer({ minimum: 0, maximum: 65535, ...about });

/** A whole number from `minimum` on. */
export const count = (about: About<number> & { minimum?: number; maximum?: number }) =>
  Type.Integer({ minimum: 1, ...about });

/** A list of one or more in code; in the config one item may stand by itself. */
export const oneOrMore = <T extends TSchema>(
  item: T,
  about: { readonly description: string; readonly examples?: readonly unknown[] },
) => Type.Array(item, { minItems: 1, orOne: true, ...about });

/** A section whose keys the user chooses, each with a number. */
export const numberByName = (about: About<Readonly<Record<string, number>>>) =>
  Type.Unsafe<Readonly<Record<string, number>>>({
    type: 'object',
    additionalProperties: { type: 'number' },
    ...about,
  });

/** What is wrong with a part's options although each value is right by itself. */
export interface OptionProblem {
  /** Where, from the part's own key on: `[0, 'match', 'topic']`. */
  readonly path: readonly (string | number)[];
  /** The rest of the sentence that the key's name begins: `is 0, with which …`. */
  readonly message: string;
}
