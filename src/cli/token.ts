import { changeScopes, listAccounts, makeAccount, operandsOf, revokeAccount } from './accounts.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'token',
  about:
    'Gives programs tokens and takes them back: `token create NAME --scope SCOPE…`, `token list`,\n' +
    '`token scopes NAME --scope SCOPE…` (what it may do from now on), `token revoke NAME`. A token is printed once, and nobody can look it up afterwards. Scopes: admin, read,\n' +
    'read:device/ID, command:ID, publish:FILTER, subscribe:FILTER; an ID may have *.',
  operands: '[create NAME | list | scopes NAME | revoke NAME]',
  options: {
    scope: { value: 'SCOPE', multiple: true, about: 'What the program may do. May be repeated.' },
    expires: { value: 'DAYS', about: 'After so many days it no longer counts: 90d. Without it, never.' },
    ...urlOption,
    json: { about: 'Print what the gateway says as JSON.' },
  },
} as const satisfies Usage;

const dayMs = 86_400_000;

/** `headgate token`. */
export async function token(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { scope, expires, json } = values;
  const url = await urlOf(usage, values.url);
  const [verb, name] = operandsOf(usage, operands, ['create', 'scopes', 'revoke']);
  if (verb === 'list') return await listAccounts(url, 'tokens', json, terminal);
  if (verb === 'revoke') return await revokeAccount(url, 'tokens', name, json, terminal);
  if (scope.length === 0) throw wrong(usage, 'Say what it may do: --scope read, say.');
  if (verb === 'scopes') return await changeScopes(url, 'tokens', name, { scopes: scope, json }, terminal);
  const [, days] = /^(\d{1,5})d?$/.exec(expires ?? '0') ?? [];
  if (days === undefined) throw wrong(usage, `--expires takes a number of days, such as 90d, not ${expires}.`);
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + Number(days) * dayMs).toISOString();
  const made = await makeAccount(url, 'tokens', { name, scopes: scope, ...(expiresAt && { expiresAt }) });
  if (json) terminal.out(JSON.stringify(made, undefined, 2));
  else {
    terminal.err(
      `${made.name} may ${made.scopes.join(', ')}${expiresAt ? ` until ${expiresAt.slice(0, 10)}` : ''}. Its token:`,
    );
    terminal.out(made.token ?? '');
  }
  return 0;
}
