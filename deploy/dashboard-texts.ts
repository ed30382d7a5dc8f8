import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The dashboard's texts: what is written in its sources, and what of it the catalogues lack.
//
//   node deploy/dashboard-texts.ts             how many each language lacks
//   node deploy/dashboard-texts.ts de          those that German lacks, as JSON to be filled in
//   node deploy/dashboard-texts.ts de FILE     takes those that FILE has into German's catalogue

const root = join(import.meta.dirname, '..', 'src/dashboard');
export const languages = ['de', 'fr', 'es', 'pt-BR', 'zh-Hans'] as const;

/** A text, or one for each plural category. */
export type Entry = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;

export interface Texts {
  /** English, and for a number of things its singular. */
  readonly texts: ReadonlyMap<string, { readonly one?: string }>;
  /** Calls whose text nobody can translate: it is no literal, or both with and without plural forms. `file: call` */
  readonly faults: readonly string[];
}

const literal = /^\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")\s*/;

/** Every text in the sources. */
export function collectTexts(folder = root): Texts {
  const texts = new Map<string, { readonly one?: string }>();
  const faults: string[] = [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    /\.tsx?$/.test(entry.name),
  );
  for (const entry of files) {
    if (entry.parentPath.endsWith('/i18n') && entry.name === 'text.ts') continue;
    const source = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const call of source.matchAll(/(?<![\w.$])(t|plural)\(/g)) {
      const rest = source.slice(call.index + call[0].length);
      const found = call[1] === 't' ? oneText(rest) : twoTexts(rest);
      if (found === undefined) faults.push(`${entry.name}: ${call[1]}(${rest.slice(0, 60).replaceAll('\n', ' ')}`);
      // A catalogue has one entry for it: plural forms, or none.
      else if (texts.has(found.other) && (texts.get(found.other)?.one === undefined) !== (found.one === undefined))
        faults.push(`${entry.name}: "${found.other}" is in ${call[1]}() here and in the other one elsewhere`);
      else texts.set(found.other, found.one === undefined ? {} : { one: found.one });
    }
  }
  return { texts, faults };
}

function oneText(rest: string): { other: string; one?: string } | undefined {
  const text = literal.exec(rest)?.[1];
  return text === undefined ? undefined : { other: textOf(text) };
}

/** Behind the number: up to the first comma that is in no brackets. */
function twoTexts(rest: string): { other: string; one?: string } | undefined {
  let depth = 0;
  let at = 0;
  for (; at < rest.length; at++) {
    const c = rest[at] ?? '';
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    else if (c === ',' && depth === 0) break;
  }
  const first = literal.exec(rest.slice(at + 1));
  if (first?.[1] === undefined) return undefined;
  const second = literal.exec(rest.slice(at + 1 + first[0].length).replace(/^,/, ''));
  return second?.[1] === undefined ? undefined : { one: textOf(first[1]), other: textOf(second[1]) };
}

function textOf(quoted: string): string {
  const inner = quoted.slice(1, -1);
  return JSON.parse(`"${quoted.startsWith("'") ? inner.replaceAll("\\'", "'").replaceAll('"', '\\"') : inner}"`);
}

export function catalogueOf(language: string): Record<string, Entry> {
  return JSON.parse(readFileSync(join(root, 'i18n', `${language}.json`), 'utf8'));
}

/** What a language lacks of the texts, and what it has that nobody uses. */
export function differences(
  language: string,
  { texts }: Texts,
): { readonly lacks: string[]; readonly unused: string[] } {
  const catalogue = catalogueOf(language);
  return {
    lacks: [...texts.keys()].filter((english) => !(english in catalogue)),
    unused: Object.keys(catalogue).filter((english) => !texts.has(english)),
  };
}

if (import.meta.main) {
  const [language, file] = process.argv.slice(2);
  const all = collectTexts();
  for (const fault of all.faults) process.stderr.write(`No literal: ${fault}\n`);
  if (language === undefined) {
    for (const one of languages) {
      const { lacks, unused } = differences(one, all);
      process.stdout.write(`${one}: lacks ${lacks.length} of ${all.texts.size}, ${unused.length} unused\n`);
    }
  } else if (file === undefined) {
    const rules = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const empty = differences(language, all).lacks.map((english) => {
      const { one } = all.texts.get(english) ?? {};
      return [english, one === undefined ? '' : Object.fromEntries(rules.map((rule) => [rule, '']))];
    });
    process.stdout.write(`${JSON.stringify(Object.fromEntries(empty), undefined, 1)}\n`);
  } else {
    const given: Record<string, Entry> = JSON.parse(readFileSync(file, 'utf8'));
    const merged = Object.entries({ ...catalogueOf(language), ...given })
      .filter(([english]) => all.texts.has(english))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(
      join(root, 'i18n', `${language}.json`),
      `${JSON.stringify(Object.fromEntries(merged), undefined, 2)}\n`,
    );
  }
}
