// Lists come page by page, all in the same way: `limit` and `after` in the query; `next` and `total` in the answer.

/** Which page is asked for. */
export interface PageQuery {
  readonly limit: number;
  /** `next` of the page before; the page begins behind it. */
  readonly after?: string;
}

export const usualLimit = 100;
export const maxLimit = 1_000;
const parameters = ['limit', 'after'];

/** @param isCursor whether `after` can be one. @returns a sentence when that can't be asked for */
export function pageQueryOf(
  query: Readonly<Record<string, unknown>>,
  isCursor: (after: string) => boolean,
): PageQuery | string {
  const stray = Object.keys(query).find((name) => !parameters.includes(name));
  if (stray !== undefined) {
    return `There is no parameter \`${stray.slice(0, 40)}\`; there are ${parameters.join(', ')}.`;
  }
  const twice = Object.keys(query).find((name) => typeof query[name] !== 'string');
  if (twice !== undefined) return `\`${twice}\` must be given once.`;
  const { limit, after } = query as Readonly<Record<string, string>>;
  const count = limit === undefined ? usualLimit : /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > maxLimit) return `\`limit\` must be from 1 to ${maxLimit}.`;
  if (after !== undefined && !isCursor(after)) return '`after` must be `next` of the page before.';
  return { limit: count, ...(after !== undefined && { after }) };
}

/** A page of a list in which each has a cursor of its own. Behind one that is gone, the list begins anew. */
export function pageIn<T>(
  all: readonly T[],
  { limit, after }: PageQuery,
  cursorOf: (one: T) => string,
): { readonly page: readonly T[]; readonly next: string | null } {
  const from = after === undefined ? 0 : all.findIndex((one) => cursorOf(one) === after) + 1;
  const page = all.slice(from, from + limit);
  const last = page.at(-1);
  return { page, next: last === undefined || from + limit >= all.length ? null : cursorOf(last) };
}
