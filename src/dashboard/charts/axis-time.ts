import { locale } from '../i18n/text.ts';

const day = 86_400_000;
const forms = new Map<string, Intl.DateTimeFormat>();

/** A point of a time axis: a time, or a date where steps are that wide or a day begins. */
export function axisTime(ms: number, stepMs: number): string {
  const at = new Date(ms);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
  if (stepMs >= day || isMidnight) return form('date').format(at);
  return form(stepMs < 60_000 ? 'second' : 'minute').format(at);
}

function form(finest: 'date' | 'minute' | 'second'): Intl.DateTimeFormat {
  const tag = locale.value === 'en-XA' ? 'en' : locale.value;
  const key = `${tag} ${finest}`;
  let found = forms.get(key);
  if (found === undefined) {
    const time = finest === 'second' ? { second: '2-digit' as const } : {};
    const options: Intl.DateTimeFormatOptions =
      finest === 'date' ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', ...time };
    found = new Intl.DateTimeFormat(tag, options);
    forms.set(key, found);
  }
  return found;
}
