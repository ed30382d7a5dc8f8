import { passwordFault } from '../auth/login.ts';
import { passwordText } from '../auth/password-text.ts';
import { Passwords } from '../auth/passwords.ts';
import { accountOf, changeScopes, listAccounts, makeAccount, operandsOf, revokeAccount } from './accounts.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { ask, urlOf, urlOption } from './gateway-client.ts';
import { passwordFrom } from './password-input.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'user',
  about:
    'Lets people sign in with a password: `user add NAME`, `user list`, `user password NAME`,\n' +
    '`user scopes NAME --scope SCOPE…`, `user remove NAME`. The password is typed, or comes from standard input or a file.\n' +
    '`user hash` prints what `auth.administrator.passwordHash` and the settings of an appliance take, and asks no gateway.',
  operands: '[add NAME | list | password NAME | scopes NAME | remove NAME | hash]',
  options: {
    scope: { value: 'SCOPE', multiple: true, about: 'What they may do; `admin` without it. May be repeated.' },
    'password-file': { value: 'FILE', about: 'The file that the password is in.' },
    ...urlOption,
    json: { about: 'Print what the gateway says as JSON.' },
  },
} as const satisfies Usage;

/** `headgate user`. */
export async function user(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { scope, json } = values;
  if (operands[0] === 'hash') return await hashed(operands, values['password-file'], json, terminal);
  const url = await urlOf(usage, values.url);
  const [verb, name] = operandsOf(usage, operands, ['add', 'password', 'scopes', 'remove']);
  if (verb === 'list') return await listAccounts(url, 'users', json, terminal);
  if (verb === 'remove') return await revokeAccount(url, 'users', name, json, terminal);
  if (verb === 'password') {
    const { id } = await accountOf(url, 'users', name);
    const password = await passwordFrom(values['password-file']);
    await ask(url, 'PUT', `/api/v1/users/${encodeURIComponent(id)}/password`, { password });
    terminal.out(json ? JSON.stringify({ changed: id }) : `${name} has a new password, and was signed out everywhere.`);
    return 0;
  }
  if (verb === 'scopes') {
    if (scope.length === 0) throw wrong(usage, 'Say what they may do: --scope read, say.');
    return await changeScopes(url, 'users', name, { scopes: scope, json }, terminal);
  }
  const password = await passwordFrom(values['password-file']);
  const made = await makeAccount(url, 'users', { name, password, scopes: scope.length > 0 ? scope : ['admin'] });
  terminal.out(json ? JSON.stringify(made, undefined, 2) : `${made.name} may sign in: ${made.scopes.join(', ')}.`);
  return 0;
}

async function hashed(
  operands: readonly string[],
  file: string | undefined,
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  if (operands.length > 1)
    throw wrong(usage, '`user hash` takes no name: the password is typed, or comes from a file.');
  const password = await passwordFrom(file);
  const fault = passwordFault(password, '');
  if (fault !== undefined) throw wrong(usage, fault);
  const text = passwordText(await new Passwords().hash(password));
  terminal.out(json ? JSON.stringify({ passwordHash: text }) : text);
  return 0;
}
