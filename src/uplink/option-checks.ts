import type { OptionProblem } from '../lib/option-types.ts';
import type { UplinkOptions } from './options.ts';

/** What is wrong with the uplink's options although each has the right form. What the schema refused is absent. */
export function uplinkFaults({ url = [] }: Partial<UplinkOptions>): OptionProblem[] {
  return url.flatMap((one, index) => {
    const message = urlFault(one);
    return message === undefined ? [] : [{ path: ['url', index], message: `is ${JSON.stringify(one)}, ${message}` }];
  });
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
