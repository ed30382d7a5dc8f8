import type { Problem } from './check.ts';

/** What one source of configuration says: values not yet held against the schema, and where each of them stands. */
export interface Layer {
  readonly value: unknown;
  /** The place of a problem in this source, as the start of a message: `gateway.yaml:3:9`, `--set mqtt.port=x`. */
  readonly where: (problem: Pick<Problem, 'path' | 'at'>) => string;
  /** What is wrong with the source itself, each line complete with its place. Its value may then be incomplete. */
  readonly errors: readonly string[];
}

/** Lays the keys of `over` upon those of `base`: sections are joined, anything else is replaced. */
export function merge(base: unknown, over: unknown): unknown {
  if (!isSection(base) || !isSection(over)) return over === undefined ? base : over;
  const result = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) result.set(key, merge(result.get(key), value));
  // fromEntries, unlike an assignment, makes even `__proto__` a key like any other, which the check then refuses.
  return Object.fromEntries(result);
}

/** A tree that holds one value: `nest(['mqtt', 'port'], 1)` is `{ mqtt: { port: 1 } }`. */
export function nest(path: readonly string[], value: unknown): unknown {
  return path.reduceRight((inner, key) => Object.fromEntries([[key, inner]]), value);
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
