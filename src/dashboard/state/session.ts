import { effect, signal } from '@preact/signals';
import { ask, setCsrfToken, unknownCount } from '../api/ask.ts';
import type { DeleteSessionAnswer, GetSessionAnswer, PostSessionAnswer } from '../api/schema.ts';
import { followFrom } from '../live/live.ts';

export interface Person {
  readonly id: string;
  /** `local`: whoever is on the gateway's own machine, as long as nobody is set up. */
  readonly kind: 'local' | 'person' | 'program' | 'device' | 'nobody';
  readonly name: string;
  readonly scopes: readonly string[];
}

/** Who sits before the page. */
export type Session =
  /** The gateway was not asked yet, or does not answer. */
  | { readonly state: 'unknown' }
  /** There is no administrator yet. `setup` says how the first one can be made. */
  | { readonly state: 'new'; readonly setup: 'open' | 'code' }
  /** Somebody has to sign in. */
  | { readonly state: 'signed-out' }
  /** `setup` is `done`, or there is no administrator yet and somebody is on the gateway's own machine. */
  | { readonly state: 'signed-in'; readonly person: Person; readonly setup: string };

export const session = signal<Session>({ state: 'unknown' });

/** Asks the gateway who this is. @throws {ApiProblem} */
export async function askWho(): Promise<void> {
  const { principal, csrfToken, setup, live } = await ask<GetSessionAnswer>('api/v1/session');
  setCsrfToken(csrfToken);
  if (live.cursor !== null) followFrom(live.cursor);
  if (principal.kind !== 'nobody') session.value = { state: 'signed-in', person: principal, setup };
  else if (setup === 'done') session.value = { state: 'signed-out' };
  else session.value = { state: 'new', setup: setup === 'code' ? 'code' : 'open' };
}

/**
 * @returns whether the session outlives the gateway: not if its disk refuses it
 * @throws {ApiProblem} auth.failed, auth.throttled
 */
export async function signIn(name: string, password: string): Promise<boolean> {
  const { isStored } = await ask<PostSessionAnswer>('api/v1/session', { method: 'POST', body: { name, password } });
  await askWho();
  return isStored;
}

/** Makes the first administrator, and signs in as such. @throws {ApiProblem} */
export async function makeFirst(name: string, password: string, code?: string): Promise<void> {
  await ask('api/v1/setup', { method: 'POST', body: { name, password, ...(code && { code }) } });
  await askWho();
}

/** @returns whether its end outlives the gateway: not if its disk refuses to note it. @throws {ApiProblem} */
export async function signOut(): Promise<boolean> {
  const answer = await ask<DeleteSessionAnswer | undefined>('api/v1/session', { method: 'DELETE' });
  await askWho();
  return answer?.isStored ?? true;
}

/** Whether who sits here may change things. */
export function isAdmin(): boolean {
  const now = session.value;
  return now.state === 'signed-in' && now.person.scopes.includes('admin');
}

// A session that is over shows at whatever is asked next; the page stays, and asks who it is.
effect(() => {
  if (unknownCount.value > 0) askWho().catch(() => undefined);
});
