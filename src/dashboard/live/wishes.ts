import type { LiveFilter, LiveWish } from './protocol.ts';

/**
 * One filter for all that any page wants; undefined: nobody wants anything. It may let through more than each of them asks for
 * (kinds of one page with devices of another); each page picks out its own.
 */
export function filterFor(wishes: readonly LiveWish[]): LiveFilter | undefined {
  if (wishes.length === 0) return undefined;
  const ofAll = wishes.filter(({ devices }) => devices === undefined);
  const ofSome = wishes.filter(({ devices }) => devices !== undefined);
  const also = union(ofAll.map(({ kinds }) => kinds));
  // Measurements are many: as long as nobody wants those of every device, only those that are wanted come.
  if (ofSome.length === 0 || also === undefined || also.includes('measurement')) {
    const kinds = union(wishes.map((wish) => wish.kinds));
    return kinds === undefined ? {} : { kinds };
  }
  const kinds = union(ofSome.map((wish) => wish.kinds));
  const devices = [...new Set(ofSome.flatMap((wish) => (wish.devices ?? []).map(globOf)))].sort();
  return { ...(kinds !== undefined && { kinds }), devices, ...(also.length > 0 && { also }) };
}

/** A glob that an id matches: a comma would part it in two. */
function globOf(id: string): string {
  return id.replaceAll(',', '*');
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

export function isSame(a: LiveFilter | undefined, b: LiveFilter | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Its query for `api/v1/live`. */
export function queryOf({ kinds, devices, also }: LiveFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (kinds !== undefined) query.set('kinds', kinds.join(','));
  for (const device of devices ?? []) query.append('devices', device);
  if (also !== undefined) query.set('also', also.join(','));
  return query;
}
