import { HeadgateError } from '../core/errors.ts';
import { type Usage, wrong } from './arguments.ts';
import { ask, noGateway } from './gateway-client.ts';
import { printable, tableOf } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Somebody, as the gateway tells of them. */
export interface ToldAccount {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly device?: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

type List = 'tokens' | 'users' | 'credentials';

/** Prints who there is. */
export async function listAccounts(url: string, list: List, json: boolean, terminal: Terminal): Promise<number> {
  const found = await accountsAt(url, list);
  if (json) terminal.out(JSON.stringify({ [list]: found }, undefined, 2));
  else if (found.length === 0) terminal.out(`There are no ${list}.`);
  else {
    const head = ['id', 'name', ...(list === 'credentials' ? ['device'] : []), 'scopes', 'expires', 'last used'];
    const rows = found.map(({ id, name, device, scopes, expiresAt, lastUsedAt }) => [
      id,
      printable(name),
      ...(list === 'credentials' ? [printable(device ?? '')] : []),
      printable(scopes.join(' ')),
      day(expiresAt),
      lastUsedAt === null ? 'never' : `${lastUsedAt.slice(0, 13).replace('T', ' ')} h`,
    ]);
    for (const line of tableOf(head, rows)) terminal.out(line);
  }
  return 0;
}

/** Takes somebody out, by id or name. */
export async function revokeAccount(
  url: string,
  list: List,
  who: string,
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const { id, name } = await accountOf(url, list, who);
  await ask(url, 'DELETE', `/api/v1/${list}/${encodeURIComponent(id)}`);
  const text = `${printable(name)} (${id}) is revoked; open connections were ended.`;
  terminal.out(json ? JSON.stringify({ revoked: id, name }) : text);
  return 0;
}

/** Lets somebody, by id or name, do something else than so far. */
export async function changeScopes(
  url: string,
  list: List,
  who: string,
  { scopes, json }: { readonly scopes: readonly string[]; readonly json: boolean },
  terminal: Terminal,
): Promise<number> {
  const { id, name } = await accountOf(url, list, who);
  const told = await ask(url, 'PATCH', `/api/v1/${list}/${encodeURIComponent(id)}`, { scopes });
  const text = `${printable(name)} (${id}) may ${scopes.join(', ')} from now on; open connections were ended.`;
  terminal.out(json ? JSON.stringify(told, undefined, 2) : text);
  return 0;
}

/** Somebody by id or name. @throws {HeadgateError} gateway.refused when there is no such one */
export async function accountOf(url: string, list: List, who: string): Promise<ToldAccount> {
  const all = await accountsAt(url, list);
  const found = all.find(({ id }) => id === who) ?? all.find(({ name }) => name === who);
  if (found !== undefined) return found;
  throw new HeadgateError('gateway.refused', `There is no \`${who}\` among the ${list}: \`list\` tells who there is.`);
}

/** Somebody new, as the gateway tells of them, with what they show. */
export async function makeAccount(url: string, list: List, wish: object) {
  const made = await ask(url, 'POST', `/api/v1/${list}`, wish);
  if (typeof made?.id !== 'string') throw noGateway(url, 'something that is no answer to this');
  return made as unknown as ToldAccount & { readonly token?: string; readonly password?: string };
}

/** The operands of a verb that has verbs of its own: `list`, or one of `named` with a name. */
export function operandsOf(usage: Usage, operands: readonly string[], named: readonly string[]): [string, string] {
  const [verb = 'list', name, ...more] = operands;
  if (verb !== 'list' && !named.includes(verb))
    throw wrong(usage, `There is no \`${verb}\`; there are list, ${named.join(', ')}.`);
  if (more.length > 0 || (verb === 'list' && name !== undefined)) throw wrong(usage, 'That is one word too many.');
  if (verb !== 'list' && name === undefined) throw wrong(usage, `${verb} needs a name after it.`);
  return [verb, name ?? ''];
}

async function accountsAt(url: string, list: List): Promise<readonly ToldAccount[]> {
  const found = (await ask(url, 'GET', `/api/v1/${list}`))?.[list];
  if (!Array.isArray(found)) throw noGateway(url, 'something that is no list');
  return found as ToldAccount[];
}

function day(time: string | null): string {
  return time === null ? 'never' : time.slice(0, 10);
}
