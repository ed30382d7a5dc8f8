import type { Reader } from './values.ts';

/** What a type of sentence says beside its fields. */
export interface Told {
  /** Milliseconds since midnight. */
  readonly timeOfDay?: number | undefined;
  /** The begin of the day; only with a time. */
  readonly day?: number | undefined;
  /** Not all that it says is in the fields. */
  readonly isPartial?: boolean;
  /** The talker matters: several satellite systems tell of the same. */
  readonly isByTalker?: boolean;
  readonly kind?: 'duplicate' | 'log';
}

/** A type of sentence: what it reads. */
export type Read = (of: Reader) => Told;

export const nothing: Told = {};

/** A sentence's values, unless it says itself that they do not count. */
export const valid = (status: string): boolean => status !== 'V';
