import { signal } from '@preact/signals';
import { accented } from './accented.ts';
import { keyOf, placeOf } from './key.ts';

// Texts are written in English where they are used, and looked up by that. `npm run generate` collects them; a test holds the
// catalogues complete, so each call has its texts as literals.

/** A text, or one for each plural category of the language (CLDR: one, few, many, other). */
type Entry = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;
/** As it is packed by the build. */
interface Catalogue {
  readonly groups: readonly number[];
  readonly texts: readonly (Entry | 0)[];
}

/** What people can choose; `en-XA` is English with accents and a third longer, to find texts that are not translated or don't fit. */
export const locales = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  'pt-BR': 'Português',
  'zh-Hans': '中文',
  'en-XA': '[Ĥéáďĝáţé]',
} as const;
export type Locale = keyof typeof locales;

const loaders: Readonly<Partial<Record<Locale, () => Promise<{ default: unknown }>>>> = {
  de: () => import('./de.json'),
  fr: () => import('./fr.json'),
  es: () => import('./es.json'),
  'pt-BR': () => import('./pt-BR.json'),
  'zh-Hans': () => import('./zh-Hans.json'),
};

/** What is spoken. Whoever renders with it is rendered anew when it changes. */
export const locale = signal<Locale>('en');
let catalogue: Catalogue | undefined;
let rules = new Intl.PluralRules('en');

/** Speaks another language, once its catalogue is there. */
export async function speak(next: Locale): Promise<void> {
  catalogue = (await loaders[next]?.())?.default as Catalogue | undefined;
  rules = new Intl.PluralRules(next);
  locale.value = next;
}

/** The first of somebody's languages that is spoken here. @param wanted BCP 47, as `navigator.languages` has them */
export function localeFor(wanted: readonly string[]): Locale {
  const known = Object.keys(locales) as Locale[];
  for (const one of wanted) {
    const exact = known.find((name) => name.toLowerCase() === one.toLowerCase());
    if (exact !== undefined) return exact;
    const language = one.split('-')[0];
    const near = known.find((name) => name.split('-')[0] === language);
    if (near !== undefined) return near;
  }
  return 'en';
}

export type Values = Readonly<Record<string, string | number>>;

function entryOf(english: string): Entry | 0 | undefined {
  // Read, so that whoever renders with it is rendered anew.
  if (locale.value === 'en' || catalogue === undefined) return undefined;
  return catalogue.texts[placeOf(keyOf(english), catalogue.groups, catalogue.texts.length)];
}

/** A text in the language that is spoken. @param english with `{name}` where a value belongs */
export function t(english: string, values?: Values): string {
  const entry = entryOf(english);
  return filled(typeof entry === 'string' ? entry : english, values);
}

/** The same for a number of things, `{n}` in the texts. */
export function plural(n: number, one: string, other: string, values?: Values): string {
  const entry = entryOf(other);
  const english = n === 1 ? one : other;
  const text = typeof entry === 'object' ? (entry[rules.select(n)] ?? entry.other) : entry;
  return filled(text || english, { n: new Intl.NumberFormat(locale.value).format(n), ...values });
}

function filled(text: string, values: Values | undefined): string {
  const spoken = locale.value === 'en-XA' ? accented(text) : text;
  if (values === undefined) return spoken;
  return spoken.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
