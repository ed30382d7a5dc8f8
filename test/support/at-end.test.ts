import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { atEnd } from './at-end.ts';
import { tempDir } from './temp-dir.ts';

/** A test that the runner knows nothing of, with its ends in the test's own hands. */
function inner(): { readonly t: TestContext; readonly end: () => Promise<void> } {
  const hooks: (() => Promise<void>)[] = [];
  const t = { after: (hook: () => Promise<void>) => hooks.push(hook) } as unknown as TestContext;
  return {
    t,
    end: async () => {
      for (const hook of hooks) await hook();
    },
  };
}

test('what was made last is ended first, and each whatever becomes of the others', async () => {
  const { t, end } = inner();
  const done: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    atEnd(t, async () => {
      await null;
      done.push(name);
      if (name === 'b') throw new Error('b');
    });
  }
  await assert.rejects(end(), { message: 'b' });
  assert.deepEqual(done, ['d', 'c', 'b', 'a']);
  const two = inner();
  for (const name of ['a', 'b']) atEnd(two.t, () => assert.fail(name));
  await assert.rejects(two.end(), (error: AggregateError) => error.errors.length === 2);
});

test('a directory is gone after who writes into it', async () => {
  const { t, end } = inner();
  const path = tempDir(t);
  // Who writes until its end, and once more while it ends.
  atEnd(t, () => mkdirSync(join(path, 'last')));
  await end();
  assert.equal(existsSync(path), false);
});
