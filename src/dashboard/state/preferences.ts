import { computed, effect, signal } from '@preact/signals';
import { ask } from '../api/ask.ts';
import { shownUnits, shownZone } from '../i18n/format.ts';
import { type Locale, locale, localeFor, locales, speak } from '../i18n/text.ts';
import type { Units } from '../i18n/units.ts';

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

/** In which units values are shown: the gateway's, or others in this browser. */
export const unitsChoice = signal<'gateway' | Units>('gateway');
/** In whose time zone times are shown. */
export const zoneChoice = signal<'browser' | 'gateway'>('browser');
/** What the gateway has. */
const gatewayHas = signal<{ readonly units: Units; readonly timeZone: string; readonly name?: string }>({
  units: 'metric',
  timeZone: 'UTC',
});
/** What people call the gateway, its id where nobody named it; undefined until it is known. */
export const gatewayName = computed(() => gatewayHas.value.name);

export function setUnits(next: 'gateway' | Units): void {
  unitsChoice.value = next;
  keep('units', next);
}

export function setZone(next: 'browser' | 'gateway'): void {
  zoneChoice.value = next;
  keep('zone', next);
}

/** Asks what the gateway has, at the start and when it was changed; until it is known things are metric. @throws {ApiProblem} */
export async function askShown(): Promise<void> {
  gatewayHas.value = await ask('api/v1/gateway');
}

effect(() => {
  shownUnits.value = unitsChoice.value === 'gateway' ? gatewayHas.value.units : unitsChoice.value;
  shownZone.value = zoneChoice.value === 'gateway' ? gatewayHas.value.timeZone : undefined;
});

effect(() => {
  document.documentElement.lang = locale.value;
});

/** Has things as they were chosen last. */
export async function recallPreferences(): Promise<void> {
  const kept = recall('theme');
  if (kept === 'light' || kept === 'dark') setTheme(kept);
  hasShortcuts.value = recall('shortcuts') !== 'off';
  const units = recall('units');
  if (units === 'metric' || units === 'imperial') unitsChoice.value = units;
  if (recall('zone') === 'gateway') zoneChoice.value = 'gateway';
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
