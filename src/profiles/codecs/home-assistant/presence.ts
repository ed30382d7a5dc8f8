import type { Availability } from './availability.ts';

/** An availability topic's meaning for one device. */
export interface Watch {
  readonly device: string;
  readonly rule: Rule;
  /** Which of the rule's topics it is. */
  readonly index: number;
}

/** How one or several topics together tell whether a device is there. */
export interface Rule {
  readonly availability: Availability;
  /** What each of its topics said last; undefined: nothing yet. */
  readonly said: (boolean | undefined)[];
  latest: boolean | undefined;
  /** How many discovery messages tell of it. */
  uses: number;
}

export function newRule(availability: Availability): Rule {
  return { availability, said: availability.topics.map(() => undefined), latest: undefined, uses: 1 };
}

/** A device is there while any of its entities is. */
export function isThere(rules: Iterable<Rule>): boolean {
  for (const rule of rules) if (ruleSays(rule) === true) return true;
  return false;
}

function ruleSays({ availability, said, latest }: Rule): boolean | undefined {
  if (availability.mode === 'latest') return latest;
  const known = said.filter((one) => one !== undefined);
  if (known.length === 0) return undefined;
  return availability.mode === 'all' ? known.every(Boolean) : known.some(Boolean);
}
