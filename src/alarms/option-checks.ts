import type { OptionProblem } from '../lib/option-types.ts';
import type { AlarmsOptions } from './options.ts';

/** Where the options of alarms contradict themselves, each in a sentence. What the schema refused is absent. */
export function alarmsFaults({ webhook }: { readonly webhook?: Partial<AlarmsOptions['webhook']> }): OptionProblem[] {
  if (webhook === undefined) return [];
  const { url, secret, secretFile } = webhook;
  const fault = url === undefined ? undefined : urlFault(url);
  const found: OptionProblem[] = [];
  if (fault !== undefined) found.push({ path: ['webhook', 'url'], message: `is not usable: ${fault}.` });
  if (secret !== undefined && secretFile !== undefined)
    found.push({ path: ['webhook', 'secret'], message: 'is given, and `secretFile` too; take one of them away.' });
  return found;
}

function urlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return 'it is no URL, such as https://example.org/alarms';
  const { protocol, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return 'it must begin with http:// or https://';
  // Node sends no credentials of a URL unless they are taken out of it.
  if (username !== '' || password !== '') return 'it holds a user or password; sign calls with a `secret` instead';
  return undefined;
}
