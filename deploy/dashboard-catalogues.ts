import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { keyOf, placeOf } from '../src/dashboard/i18n/key.ts';
import { collectTexts, type Entry } from './dashboard-texts.ts';

/** As the browser loads it: see `placeOf`. A text that is not translated is 0. */
export interface Packed {
  readonly groups: readonly number[];
  readonly texts: readonly (Entry | 0)[];
}

/** Loads the dashboard's catalogues (`i18n/de.json`: English → German) without the English texts, which are in the program anyway. */
export function catalogues(source: string): Plugin {
  const folder = join(source, 'i18n');
  return {
    name: 'catalogues',
    enforce: 'pre',
    load(id) {
      if (!id.startsWith(folder) || !id.endsWith('.json')) return undefined;
      const { texts, faults } = collectTexts(source);
      // What is looked up without having a place would be answered with another text.
      if (faults.length > 0) this.error(`Texts that nobody can translate: ${faults.join('; ')}`);
      // A new text anywhere has a place in every catalogue.
      for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' }))
        if (/\.tsx?$/.test(path)) this.addWatchFile(join(source, path));
      const translated = JSON.parse(readFileSync(id, 'utf8')) as Readonly<Record<string, Entry>>;
      return { code: `export default ${JSON.stringify(packed([...texts.keys()], translated))}`, moduleType: 'js' };
    },
  };
}

/** One of a thousand texts has its place after some thousand numbers at the most. */
const mostTries = 1_000_000;

/**
 * Finds a number for each group, the largest groups first, as long as there is room.
 * @throws Error when two texts have one key: one of them has to be worded in another way
 * @param english every text that the program may ask for: one that is not among them would be answered with another
 */
export function packed(english: readonly string[], translated: Readonly<Record<string, Entry>>): Packed {
  const count = Math.ceil(english.length / 4);
  const members = Array.from({ length: count }, (_, group) => ({ group, texts: [] as string[] }));
  for (const text of english) members[keyOf(text) % count]?.texts.push(text);
  const groups = new Array<number>(count).fill(0);
  const texts = new Array<Entry | 0 | undefined>(english.length).fill(undefined);
  for (const { group, texts: own } of members.sort((a, b) => b.texts.length - a.texts.length)) {
    let places: Set<number>;
    do {
      const next = (groups[group] ?? 0) + 1;
      if (next > mostTries) throw new Error(`No places for these texts: ${own.join(' | ')}`);
      groups[group] = next;
      places = new Set(own.map((text) => placeOf(keyOf(text), groups, texts.length)));
    } while (places.size < own.length || [...places].some((place) => texts[place] !== undefined));
    for (const text of own) texts[placeOf(keyOf(text), groups, texts.length)] = translated[text] ?? 0;
  }
  return { groups, texts: texts.map((text) => text ?? 0) };
}
