import type { LiveWish } from './protocol.ts';

/**
 * One filter for all that any page wants; undefined: nobody wants anything. It may let through more than each of them asks for
 * (kinds of one page with devices of another); each page picks out its own.
 */
export function filterFor(wishes: readonly LiveWish[]): LiveWish | undefined {
  if (wishes.length === 0) return undefined;
  const kinds = union(wishes.map((wish) => wish.kinds));
  // An event of no device would be left out by `devices`, so a wish without it opens them all.
  const devices = union(wishes.map((wish) => wish.devices));
  return { ...(kinds !== undefined && { kinds }), ...(devices !== undefined && { devices }) };
}

/** Undefined when one of them is: it wants all of them. */
function union<T extends string>(lists: readonly (readonly T[] | undefined)[]): T[] | undefined {
  const all = new Set<T>();
  for (const list of lists) {
    if (list === undefined) return undefined;
    for (const one of list) all.add(one);
  }
  return [...all].sort();
}

export function isSame(a: LiveWish | undefined, b: LiveWish | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Its query for `api/v1/live`. */
export function queryOf({ kinds, devices }: LiveWish): URLSearchParams {
  const query = new URLSearchParams();
  if (kinds !== undefined) query.set('kinds', kinds.join(','));
  for (const device of devices ?? []) query.append('devices', device);
  return query;
}
