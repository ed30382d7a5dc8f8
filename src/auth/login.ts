import type { Principal } from '../core/principal.ts';
import { isRefusal } from '../core/shelf.ts';
import type { Account } from './account.ts';
import type { AuditLog } from './audit.ts';
import type { AuthBook } from './auth-book.ts';
import type { Passwords } from './passwords.ts';
import { digestOf, isSame } from './secrets.ts';
import type { LoginThrottle } from './throttle.ts';

/**
 * What came of a name and a password.
 *
 * `in`: they are right. `wrong`: they are not; which of them is not said. `wait`: they were not looked at, as too many were wrong
 * before.
 */
export type LoginOutcome =
  | { readonly kind: 'in'; readonly principal: Principal }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'wait'; readonly seconds: number };

export interface LoginDependencies {
  readonly book: AuthBook;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
  readonly audit: AuditLog;
}

/** Longer ones are not hashed: they would take the time of others. */
const maxPassword = 1_000;
const maxName = 201;

/**
 * Looks at a name and a password. A wrong one takes as long as a right one, whether there is such a name or not.
 *
 * @throws {HeadgateError} overload.shed when too many are being looked at
 * @param isMeant which kinds of account may sign in here
 * @param address where it comes from
 */
export async function login(
  { book, passwords, throttle, audit }: LoginDependencies,
  given: { readonly name: string; readonly password: string; readonly address: string },
  isMeant: (account: Account) => boolean,
): Promise<LoginOutcome> {
  const { password, address } = given;
  // Nobody has a longer one, and what is tried is remembered.
  const name = given.name.slice(0, maxName);
  const found = book.named('person', name);
  const account = found !== undefined && isMeant(found) ? found : undefined;
  const proof = account?.proof;
  // 256 bits need no throttle: devices that come back together are let in at once.
  if (account !== undefined && proof?.kind === 'secret' && isSame(proof.digest, digestOf(password))) {
    const principal = book.used(account.id);
    if (principal !== undefined) return { kind: 'in', principal };
  }
  const waitMs = throttle.waitMs(name, address);
  if (waitMs > 0) {
    // Not by name: somebody who tries thousands of them would fill the log, and the disk.
    audit.note({ who: 'somebody', kind: 'nobody', from: address, what: 'login, held back', outcome: 'refused' });
    return { kind: 'wait', seconds: Math.ceil(waitMs / 1_000) };
  }
  const done = throttle.begin(name, address);
  try {
    const hash = proof?.kind === 'password' && password.length <= maxPassword ? proof.hash : undefined;
    const isRight = await passwords.isRight(password.slice(0, maxPassword), hash);
    const isStill = account === undefined || book.find(account.id)?.proof === proof;
    if (isRight && !isStill) {
      // Meanwhile it was changed, or hashed anew for another login: what holds now counts.
      done(undefined);
      return await login({ book, passwords, throttle, audit }, given, isMeant);
    }
    const principal = isRight && account !== undefined ? book.used(account.id) : undefined;
    done(principal !== undefined);
    if (principal === undefined) {
      audit.note({ who: name, kind: 'nobody', from: address, what: 'login', outcome: 'refused' });
      return { kind: 'wrong' };
    }
    if (hash !== undefined && passwords.isOutdated(hash)) await renew(book, passwords, account!, password);
    return { kind: 'in', principal };
  } catch (error) {
    done(undefined);
    throw error;
  }
}

/** The password is known only now: what was hashed cheaply by an older version is hashed anew. */
async function renew(book: AuthBook, passwords: Passwords, { id, proof }: Account, password: string): Promise<void> {
  const hash = await passwords.hash(password);
  // It may have been changed by others meanwhile.
  if (book.find(id)?.proof !== proof) return;
  try {
    await book.change(id, { proof: { kind: 'password', hash } });
  } catch (error) {
    // The cheap hash still tells who they are: a later login makes the new one.
    if (!isRefusal(error)) throw error;
  }
}

/** What is wrong with a new password, as a sentence. */
export function passwordFault(password: string, name: string): string | undefined {
  if (password.length < 10 || password.length > maxPassword) return 'A password has 10 to 1,000 characters.';
  if (password.toLowerCase().includes(name.toLowerCase()) && name.length > 2)
    return 'A password must not have the name in it.';
  return new Set(password).size < 4 ? 'A password must have at least 4 different characters.' : undefined;
}
