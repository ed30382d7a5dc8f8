type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A tree without what stands at a path; of a list's item without the whole item, as half of one would be something else. The item's place
 * stays, empty, so that the paths of the others still lead to them: see {@link compacted}.
 */
export function without(value: unknown, path: readonly (string | number)[]): unknown {
  const [key, ...deeper] = path;
  if (key === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === key ? undefined : item));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, name === key ? without(child, deeper) : child]),
  );
}

/** Without the places that {@link without} has emptied. */
export function compacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map(compacted);
  if (!isTree(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.fromEntries(entries.map(([name, child]) => [name, compacted(child)]));
}
