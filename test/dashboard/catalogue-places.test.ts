import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packed } from '../../deploy/dashboard-catalogues.ts';
import { collectTexts } from '../../deploy/dashboard-texts.ts';
import { keyOf, placeOf } from '../../src/dashboard/i18n/key.ts';

/** What is found at the place of each. */
function foundIn(english: readonly string[]): unknown[] {
  const { groups, texts } = packed(english, Object.fromEntries(english.map((text) => [text, `~${text}`])));
  assert.equal(texts.length, english.length);
  return english.map((text) => texts[placeOf(keyOf(text), groups, texts.length)]);
}

test('each text of the dashboard is at the place where it is looked for', () => {
  const english = [...collectTexts().texts.keys()];
  assert.deepEqual(
    foundIn(english),
    english.map((text) => `~${text}`),
  );
});

test('so is each of any texts, and what is not translated is nothing', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 200, selector: keyOf }), (english) => {
      assert.deepEqual(
        foundIn(english),
        english.map((text) => `~${text}`),
      );
    }),
    { numRuns: 50 },
  );
  assert.deepEqual(packed(['a'], {}).texts, [0]);
});

test('two texts with one key are refused', () => {
  assert.throws(() => packed(['a', 'a'], {}), /No places for these texts: a \| a/);
});
