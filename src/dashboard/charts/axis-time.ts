import { shownZone } from '../i18n/format.ts';
import { locale } from '../i18n/text.ts';

const day = 86_400_000;
const forms = new Map<string, Intl.DateTimeFormat>();

/** A point of a time axis: a time, or a date where steps are that wide or a day begins. */
export function axisTime(ms: number, stepMs: number): string {
  const at = zoned(ms);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
  if (stepMs >= day || isMidnight) return form('date').format(ms);
  return form(stepMs < 60_000 ? 'second' : 'minute').format(ms);
}

function form(finest: 'date' | 'minute' | 'second'): Intl.DateTimeFormat {
  const tag = locale.value === 'en-XA' ? 'en' : locale.value;
  const zone = shownZone.value;
  const key = `${tag} ${finest} ${zone}`;
  let found = forms.get(key);
  if (found === undefined) {
    const time = finest === 'second' ? { second: '2-digit' as const } : {};
    const options: Intl.DateTimeFormatOptions =
      finest === 'date' ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', ...time };
    found = new Intl.DateTimeFormat(tag, zone === undefined ? options : { ...options, timeZone: zone });
    forms.set(key, found);
  }
  return found;
}

/** A date whose parts, as the browser tells them, are those of the zone that is shown. */
export function zoned(ms: number): Date {
  const zone = shownZone.value;
  return zone === undefined ? new Date(ms) : new Date(new Date(ms).toLocaleString('en-US', { timeZone: zone }));
}
