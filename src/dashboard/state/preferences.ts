import { signal } from '@preact/signals';
import { type Locale, localeFor, locales, speak } from '../i18n/text.ts';

// How this browser shows things. Kept in the browser.

export type Theme = 'system' | 'light' | 'dark';
export const theme = signal<Theme>('system');

export function setTheme(next: Theme): void {
  theme.value = next;
  keep('theme', next);
  document.documentElement.dataset.theme = next;
}

export async function setLocale(next: Locale): Promise<void> {
  await speak(next);
  keep('locale', next);
}

/** Whether single keys do something: who speaks to the machine may not want that (WCAG 2.1.4). */
export const hasShortcuts = signal(true);

export function setShortcuts(next: boolean): void {
  hasShortcuts.value = next;
  keep('shortcuts', next ? 'on' : 'off');
}

/** Has things as they were chosen last. */
export async function recallPreferences(): Promise<void> {
  const kept = recall('theme');
  if (kept === 'light' || kept === 'dark') setTheme(kept);
  hasShortcuts.value = recall('shortcuts') !== 'off';
  const spoken = recall('locale');
  await speak(spoken !== null && spoken in locales ? (spoken as Locale) : localeFor(navigator.languages));
}

/** @returns null where nothing is kept, or the browser keeps nothing */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`headgate.${name}`);
  } catch {
    // Switched off: then it holds until the page is closed.
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`headgate.${name}`, value);
  } catch {
    // As above.
  }
}
