import { helpText, parseArguments, type Usage } from './arguments.ts';
import { ask, noGateway, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'setup-code',
  about:
    'Prints the code with which the first administrator is made from another machine, once the time is over in\n' +
    'which it takes none. It holds until the gateway is started again, or somebody is set up.',
  options: { ...urlOption, json: { about: 'Print what the gateway says as JSON.' } },
} as const satisfies Usage;

/** `headgate setup-code`. */
export async function setupCode(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const url = await urlOf(usage, values.url);
  const found = await ask(url, 'GET', '/api/v1/setup/code');
  if (typeof found?.code !== 'string') throw noGateway(url, 'something that is no answer to this');
  terminal.out(values.json ? JSON.stringify(found, undefined, 2) : found.code);
  return 0;
}
