/** What a payload turned out to hold, as JSON would have it; a Map where keys are not texts alone (CBOR). */
export type Tree = unknown;

/**
 * What stands at a path: keys joined by dots, `.` or the empty text for the tree itself. A key that holds dots itself is
 * found as well, the longest one first. Undefined when there is nothing. Own keys only: `constructor` is a name like any other.
 */
export function valueAt(tree: Tree, path: string): unknown {
  if (path === '' || path === '.') return tree;
  const whole = ownValue(tree, path);
  if (whole !== undefined) return whole;
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const inner = ownValue(tree, path.slice(0, dot));
    if (inner !== undefined && inner !== null && typeof inner === 'object') return valueAt(inner, path.slice(dot + 1));
  }
  return undefined;
}

function ownValue(tree: Tree, key: string): unknown {
  if (typeof tree !== 'object' || tree === null) return undefined;
  if (tree instanceof Map) return tree.get(key);
  return Object.hasOwn(tree, key) ? (tree as Readonly<Record<string, unknown>>)[key] : undefined;
}
