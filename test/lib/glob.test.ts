import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { globMatches } from '../../src/lib/glob.ts';

test('a star is any text, and everything else is itself', () => {
  const rows: readonly (readonly [glob: string, text: string, matches: boolean])[] = [
    ['kitchen', 'kitchen', true],
    ['kitchen', 'kitchen-2', false],
    ['kitchen*', 'kitchen', true],
    ['kitchen*', 'kitchen/2', true],
    ['*-2', 'kitchen-2', true],
    ['*-2', 'kitchen-23', false],
    ['k*n*2', 'kitchen-2', true],
    ['*', '', true],
    ['**', 'a', true],
    ['', '', true],
    ['', 'a', false],
    ['a.c', 'abc', false],
    ['a?c', 'abc', false],
    ['[ab]', 'a', false],
    ['a*b', 'a\nb', true],
    ['*ab', 'aab', true],
    ['*', '*', true],
  ];
  for (const [glob, text, matches] of rows) assert.equal(globMatches(glob, text), matches, `${glob} ~ ${text}`);
});

test('it is what a regular expression says', () => {
  const globs = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
  const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(globs, texts, (glob, text) => {
      assert.equal(globMatches(glob, text), new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(text));
    }),
    { numRuns: 1000 },
  );
});

test('a hostile pair takes no time', () => {
  const started = performance.now();
  assert.equal(globMatches('*a'.repeat(15).concat('b'), 'a'.repeat(65_535)), false);
  assert.ok(performance.now() - started < 2_000);
});
