import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { keyOf } from '../src/dashboard/i18n/key.ts';

/**
 * Loads the dashboard's catalogues (`i18n/de.json`: English → German) with short keys in place of the English texts, which are in the
 * program anyway.
 */
export function catalogues(source: string): Plugin {
  const folder = join(source, 'i18n');
  return {
    name: 'catalogues',
    enforce: 'pre',
    load(id) {
      if (!id.startsWith(folder) || !id.endsWith('.json')) return undefined;
      const texts = JSON.parse(readFileSync(id, 'utf8')) as Readonly<Record<string, unknown>>;
      const short = Object.entries(texts).map(([english, text]) => [keyOf(english), text]);
      return { code: `export default ${JSON.stringify(Object.fromEntries(short))}`, moduleType: 'js' };
    },
  };
}
