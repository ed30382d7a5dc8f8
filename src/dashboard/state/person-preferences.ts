import { effect } from '@preact/signals';
import { ask } from '../api/ask.ts';
import type { GetPreferencesAnswer } from '../api/schema.ts';
import { type Locale, locale, locales } from '../i18n/text.ts';
import { hasShortcuts, setLocale, setShortcuts, setTheme, setUnits, theme, unitsChoice } from './preferences.ts';

type Chosen = Pick<GetPreferencesAnswer, 'theme' | 'language' | 'shortcuts' | 'units'>;

const path = 'api/v1/preferences';

/**
 * Has things as whoever has signed in chose them, in whatever browser that was, and keeps with them what they choose from now on.
 * What they never chose is as this browser has it.
 *
 * @param failed a choice could not be kept with them; it holds in this browser
 * @returns ends it
 */
export function followPerson(failed: (error: unknown) => void): () => void {
  let end: (() => void) | undefined;
  let isOver = false;
  let told = Promise.resolve();
  const begin = async (): Promise<void> => {
    const theirs = await ask<GetPreferencesAnswer>(path);
    if (isOver) return;
    if (theirs.theme !== 'system') setTheme(theirs.theme);
    if (!theirs.shortcuts) setShortcuts(false);
    if (theirs.units !== null) setUnits(theirs.units);
    if (theirs.language !== null && Object.hasOwn(locales, theirs.language)) await setLocale(theirs.language as Locale);
    if (isOver) return;
    let known = chosen();
    end = effect(() => {
      const now = chosen();
      const change = Object.fromEntries(Object.entries(now).filter(([name, one]) => known[name as 'theme'] !== one));
      known = now;
      // One after the other: each is made to all that they chose, which is read before.
      if (Object.keys(change).length > 0) told = told.then(() => tell(change)).catch(failed);
    });
  };
  // What this browser keeps holds then.
  begin().catch(() => undefined);
  return () => {
    isOver = true;
    end?.();
  };
}

function chosen(): Chosen {
  const units = unitsChoice.value === 'gateway' ? null : unitsChoice.value;
  return { theme: theme.value, language: locale.value, shortcuts: hasShortcuts.value, units };
}

async function tell(change: Partial<Chosen>): Promise<void> {
  await ask(path, { method: 'PUT', body: { ...(await ask<GetPreferencesAnswer>(path)), ...change } });
}
