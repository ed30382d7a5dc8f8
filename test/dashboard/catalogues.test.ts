import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogueOf, collectTexts, differences, type Entry, languages } from '../../deploy/dashboard-texts.ts';
import { accented } from '../../src/dashboard/i18n/accented.ts';
import { keyOf } from '../../src/dashboard/i18n/key.ts';

const all = collectTexts();
const valuesIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();

test('every text can be translated, and is found by a key of its own', () => {
  assert.deepEqual(all.faults, []);
  assert.ok(all.texts.size > 300, String(all.texts.size));
  assert.equal(new Set([...all.texts.keys()].map(keyOf)).size, all.texts.size);
});

for (const language of languages) {
  test(`${language} has every text, with the same values in it`, () => {
    assert.deepEqual(differences(language, all), { lacks: [], unused: [] });
    const rules = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const wrong: string[] = [];
    for (const [english, entry] of Object.entries(catalogueOf(language)) as [string, Entry][]) {
      const isPlural = all.texts.get(english)?.one !== undefined;
      const forms = typeof entry === 'string' ? [entry] : rules.map((rule) => entry[rule] ?? '');
      if (isPlural !== (typeof entry === 'object'))
        wrong.push(`${english}: ${isPlural ? 'needs' : 'has no'} plural forms`);
      for (const form of forms) {
        const given = valuesIn(form);
        const expected = valuesIn(english);
        // A form for one thing need not say the number.
        const isSame =
          String(given) === String(expected) || String(given) === String(expected.filter((name) => name !== 'n'));
        if (form === '' || !isSame) wrong.push(`${english} → ${form}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('accented English keeps its values', () => {
  assert.match(accented('{n} devices'), /^\[\{n\} ďéṽíćéš·+\]$/);
});
