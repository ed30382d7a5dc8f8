import type { TestContext } from 'node:test';

type End = () => unknown;

const ends = new WeakMap<TestContext, End[]>();

/**
 * Has something be done when a test ends: what was made last is ended first, so that a program is gone before the directory is that it
 * writes into. Each is done whatever becomes of the others. `t.after` goes the other way round and stops at the first error: a program that
 * is left behind keeps the whole run from ending.
 */
export function atEnd(t: TestContext, end: End): void {
  const known = ends.get(t);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const own = [end];
  ends.set(t, own);
  t.after(async () => {
    const errors: unknown[] = [];
    for (let next = own.pop(); next !== undefined; next = own.pop()) {
      try {
        await next();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} things could not be ended`);
  });
}
