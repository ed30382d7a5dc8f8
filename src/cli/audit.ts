import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { ask, noGateway, urlOf, urlOption } from './gateway-client.ts';
import { printable, tableOf } from './table.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'audit',
  about: 'Shows what administrators did and who was refused, newest first.',
  options: {
    limit: { value: 'NUMBER', about: 'So many entries; 50 without it.' },
    ...urlOption,
    json: { about: 'Print what the gateway says as JSON.' },
  },
} as const satisfies Usage;

interface Told {
  readonly at: string;
  readonly who: string;
  readonly from: string;
  readonly what: string;
  readonly about?: string;
  readonly outcome: string;
  readonly times: number;
  /** Absent: an older gateway does not tell. */
  readonly isStored?: boolean;
}

/** `headgate audit`. */
export async function audit(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { limit = '50', json } = values;
  if (!/^\d{1,4}$/.test(limit)) throw wrong(usage, `--limit takes a number, not ${limit}.`);
  const url = await urlOf(usage, values.url);
  const found = await ask(url, 'GET', `/api/v1/audit?limit=${limit}`);
  if (!Array.isArray(found?.entries)) throw noGateway(url, 'something that is no audit log');
  if (json) {
    terminal.out(JSON.stringify(found, undefined, 2));
    return 0;
  }
  const rows = (found.entries as Told[]).map(({ at, who, from, what, about, outcome, times, isStored }) => [
    at.slice(0, 19).replace('T', ' '),
    printable(who),
    printable(from),
    printable(about === undefined ? what : `${what} ${about}`),
    `${outcome}${times > 1 ? `, ${times} times` : ''}${isStored === false ? ', not on disk yet' : ''}`,
  ]);
  for (const line of tableOf(['when (UTC)', 'who', 'from', 'what', 'outcome'], rows)) terminal.out(line);
  return 0;
}
