import type { OptionProblem } from '../lib/option-types.ts';
import type { UplinkOptions } from './options.ts';
import { parseWindow } from './plan-calendar.ts';

/** What is wrong with the uplink's options although each has the right form. What the schema refused is absent. */
export function uplinkFaults({
  url = [],
  plan = {},
}: Partial<Omit<UplinkOptions, 'plan'>> & { readonly plan?: Partial<UplinkOptions['plan']> }): OptionProblem[] {
  const urls = url.flatMap((one, index) => {
    const message = urlFault(one);
    return message === undefined ? [] : [{ path: ['url', index], message: `is ${shownUrl(one)}, ${message}` }];
  });
  return [...urls, ...[...planFaults(plan)].map(([key, message]) => ({ path: ['plan', ...key], message }))];
}

function* planFaults({
  rate,
  burst,
  hours = [],
  timeZone,
}: Partial<UplinkOptions['plan']>): Generator<readonly [key: readonly (string | number)[], message: string]> {
  if (rate === 0) yield [['rate'], 'is 0, which would hold everything back for ever; leave it out for no limit.'];
  if (burst === 0) yield [['burst'], 'is 0, which would hold everything back for ever; leave it out for ten seconds.'];
  for (const [index, text] of hours.entries()) {
    const window = text === undefined ? undefined : parseWindow(text);
    // What is no window at all, the schema has said.
    if (window?.from === window?.to && window !== undefined)
      yield [['hours', index], `is ${text}, which begins and ends at the same minute; for the whole day name none.`];
  }
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    yield [['timeZone'], `is ${JSON.stringify(timeZone)}, but must be a time zone such as Europe/Berlin or UTC.`];
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // A RangeError is how Intl says that it knows no such zone.
    return false;
  }
}

/** A URL in quotes, without the user and the password in it: messages go to the log. */
export function shownUrl(text: string): string {
  return JSON.stringify(text.replace(/\/\/.*@/, '//…@').slice(0, 200));
}

/** Why a text can't be a collector's URL, as the end of a sentence; undefined when it can. */
export function urlFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '')
    return 'but must be a URL such as http://collector.example.org:50052 or, with TLS, https://….';
  if (url.username !== '' || url.password !== '') return 'but a name and a password in it would not be used.';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'but a collector is named by host and port alone; take away what follows them.';
  return undefined;
}
