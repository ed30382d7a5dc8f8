import { helpText, parseArguments, type Usage } from './arguments.ts';
import { ask, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'health',
  about:
    'Tells by its exit code whether a running gateway takes messages in: 0 when it does. For what looks after services\n' +
    'without speaking HTTP, as containers are looked after.',
  options: { ...urlOption, live: { about: 'Only whether it answers at all, also while it can’t take messages in.' } },
} as const satisfies Usage;

/** `headgate health`. */
export async function health(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const which = values.live ? 'live' : 'ready';
  await ask(await urlOf(usage, values.url), 'GET', `/api/v1/health/${which}`);
  terminal.out(which);
  return 0;
}
