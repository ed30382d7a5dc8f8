import { createHash } from 'node:crypto';
import { messageOf } from '../core/errors.ts';
import { isRefusal, type Shelf } from '../core/shelf.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import { digestOf, newSecret } from './secrets.ts';

const space = 'auth.sessions';
/** How often it is written when a session was used last. */
const useMs = 10 * 60_000;
/** Of one person; a browser that lost its cookie must not push everybody else out. */
const maxPerPerson = 50;

/** A browser that somebody signed in with. Times are operating time: a wall clock that is set ends no session. */
interface Session {
  readonly personId: string;
  readonly beganAt: MonotonicMs;
  readonly usedAt: MonotonicMs;
}

export interface SessionsDependencies {
  readonly shelf: Shelf;
  readonly operatingMs: () => MonotonicMs;
  readonly limits: {
    readonly sessionIdle: number;
    readonly sessionLifetime: number;
    readonly maxSessions: number;
  };
  readonly log: Log;
}

/**
 * Who is signed in with a browser. What is kept of a session is the hash of its id: whoever reads the disk can't use it.
 *
 * A disk that refuses shuts nobody out, as somebody has to get in to mend it: what begins and ends then holds in this process, and is on
 * disk as soon as that takes it.
 */
export class Sessions {
  readonly #deps: SessionsDependencies;
  /** In order of their last use. */
  readonly #sessions = new Map<string, Session>();

  constructor(deps: SessionsDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(): Promise<void> {
    const { shelf } = this.#deps;
    const found: [string, Session][] = [];
    for (const [key, value] of await shelf.entries(space)) {
      const session = sessionIn(value);
      if (session === undefined || this.#isOver(session)) shelf.delete(space, key);
      else found.push([key, session]);
    }
    for (const [key, session] of found.sort(([, a], [, b]) => a.usedAt - b.usedAt)) this.#sessions.set(key, session);
  }

  /** How long a session lasts at the most. */
  get lifetimeMs(): number {
    return this.#deps.limits.sessionLifetime;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Begins a session. @returns its id, for the cookie, and whether it is durable; else it ends with the process, unless the disk takes it before */
  async begin(personId: string): Promise<{ readonly id: string; readonly isStored: boolean }> {
    const now = this.#deps.operatingMs();
    this.#makeRoom(personId);
    const id = newSecret();
    this.#put(digestOf(id), { personId, beganAt: now, usedAt: now });
    const isStored = await this.#isSaved(
      'Somebody signed in while the disk refuses: their session ends with this run, unless the disk takes it before.',
    );
    return { id, isStored };
  }

  /** Whose session it is; undefined when it is over or never was. */
  personOf(id: string): string | undefined {
    const key = digestOf(id);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    if (this.#isOver(session)) {
      this.#drop(key);
      return undefined;
    }
    const now = this.#deps.operatingMs();
    if (now - session.usedAt >= useMs) this.#put(key, { ...session, usedAt: now });
    return session.personId;
  }

  /**
   * Ends a session, here at once.
   * @returns whether that is durable; else one that is on disk counts again, should the process end before the disk takes this
   */
  end(id: string): Promise<boolean> {
    this.#drop(digestOf(id));
    return this.#isSaved('Somebody signed out while the disk refuses: that holds for this run, and is tried again.');
  }

  /** Ends every session of somebody, except one. */
  endAllOf(personId: string, exceptId?: string): void {
    const kept = exceptId && digestOf(exceptId);
    for (const [key, session] of [...this.#sessions])
      if (session.personId === personId && key !== kept) this.#drop(key);
  }

  /** @param unless for the log, when the disk refuses */
  async #isSaved(unless: string): Promise<boolean> {
    const { shelf, log } = this.#deps;
    try {
      await shelf.saved();
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      log.warn({ reason: messageOf(error) }, unless);
      return false;
    }
  }

  #makeRoom(personId: string): void {
    const own = [...this.#sessions].filter(([, session]) => session.personId === personId);
    if (own.length >= maxPerPerson) this.#drop(own[0]![0]);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= this.#deps.limits.maxSessions && oldest !== undefined) this.#drop(oldest);
  }

  #isOver({ beganAt, usedAt }: Session): boolean {
    const now = this.#deps.operatingMs();
    const { sessionIdle, sessionLifetime } = this.#deps.limits;
    return now - usedAt > sessionIdle || now - beganAt > sessionLifetime;
  }

  #put(key: string, session: Session): void {
    // Taken out first: it goes behind all others.
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    this.#deps.shelf.put(space, key, Buffer.from(JSON.stringify(session)));
  }

  #drop(key: string): void {
    if (this.#sessions.delete(key)) this.#deps.shelf.delete(space, key);
  }
}

/** What a page of ours sends as `x-csrf-token` with whatever changes something: no other page can know it. */
export function csrfTokenOf(sessionId: string): string {
  return createHash('sha256').update(`headgate csrf ${sessionId}`).digest('base64url');
}

function sessionIn(value: Uint8Array): Session | undefined {
  try {
    const { personId, beganAt, usedAt } = JSON.parse(Buffer.from(value).toString()) as Partial<Session>;
    const isSession = typeof personId === 'string' && typeof beganAt === 'number' && typeof usedAt === 'number';
    return isSession ? { personId, beganAt, usedAt } : undefined;
  } catch {
    // No JSON: whoever has it signs in again.
    return undefined;
  }
}
