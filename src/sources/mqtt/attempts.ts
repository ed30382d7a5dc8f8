import type { Client } from 'aedes';
import type { MonotonicMs } from '../../core/time.ts';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Link } from './link.ts';
import { type RefusedReason, reasonOf } from './refused.ts';

/** `version-refused`: it speaks an MQTT that is not spoken here, or none. Else why it was turned away, or ended before it was let in. */
export type AttemptReason = RefusedReason | 'version-refused';

/** Attempts to connect that came to nothing, of one kind: same address, same name, same reason. */
export interface Attempt {
  readonly from: string;
  /** The user name that was given; null: none. */
  readonly userName: string | null;
  readonly clientId: string | null;
  /** As CONNECT names it: 3, 4 (MQTT 3.1.1) or 5; null: it did not come so far. */
  readonly version: number | null;
  readonly reason: AttemptReason;
  /** What was the matter, in English. */
  readonly detail: string;
  readonly times: number;
  readonly secondsAgo: number;
}

/** Somebody who is connected and has published nothing. */
export interface SilentClient {
  readonly clientId: string;
  readonly who: string;
  readonly from: string;
  readonly version: number | null;
  readonly secondsConnected: number;
}

/** Those who are connected and say nothing: some of them, the newest first, and how many they are. */
export interface SilentClients {
  readonly silent: readonly SilentClient[];
  readonly silentTotal: number;
}

export interface AttemptsReport extends SilentClients {
  /** The newest first. */
  readonly attempts: readonly Attempt[];
}

interface Row extends Omit<Attempt, 'secondsAgo'> {
  readonly atMs: MonotonicMs;
}

/** What is known of a connection that came to nothing. */
export interface Failed {
  readonly from: string | undefined;
  readonly userName?: string | undefined;
  readonly clientId?: string | undefined;
  readonly version?: number | undefined;
  readonly error: Error;
}

const maxRows = 50;
/** Of one address: one that tries many names pushes out its own attempts, not those of others. */
const maxRowsOfOne = 10;
const maxText = 100;

/**
 * The last attempts to connect that came to nothing, so that whoever waits for a device that does not come can see why. As much
 * memory however many there are.
 */
export class Attempts {
  /** Oldest first. */
  readonly #rows = new Map<string, Row>();
  readonly #now: () => MonotonicMs;
  /** The names that were given by those who are not yet let in. */
  readonly #names = new WeakMap<Client, string>();

  constructor(now: () => MonotonicMs) {
    this.#now = now;
  }

  /** A client has said CONNECT, with this user name. */
  named(client: Client, userName: string | undefined): void {
    if (userName !== undefined) this.#names.set(client, userName);
  }

  /** Something ended a client's connection. Of one that had been let in, it is no attempt. */
  ended(client: Client, link: Pick<Link, 'session' | 'limits'> | undefined, error: Error): void {
    if (link === undefined || link.session !== undefined) return;
    const { remoteAddress: from } = client.conn as ByteStream;
    const version = link.limits?.version;
    this.failed({ from, userName: this.#names.get(client), clientId: client.id, version, error });
  }

  report(silent: SilentClients): AttemptsReport {
    return { attempts: this.list(), ...silent };
  }

  failed({ from = 'unknown', userName, clientId, version, error }: Failed): void {
    const reason = attemptReason(error);
    const name = userName?.slice(0, maxText) ?? null;
    const key = JSON.stringify([from, name, reason]);
    const before = this.#rows.get(key);
    this.#rows.delete(key);
    if (before === undefined) this.#makeRoom(from);
    this.#rows.set(key, {
      from,
      userName: name,
      clientId: clientId?.slice(0, maxText) ?? null,
      version: version ?? null,
      reason,
      detail: error.message.slice(0, 2 * maxText),
      times: (before?.times ?? 0) + 1,
      atMs: this.#now(),
    });
  }

  /** The newest first. */
  list(): Attempt[] {
    const now = this.#now();
    const rows = [...this.#rows.values()].reverse();
    return rows.map(({ atMs, ...row }) => ({ ...row, secondsAgo: Math.max(0, Math.round((now - atMs) / 1_000)) }));
  }

  #makeRoom(from: string): void {
    let count = 0;
    let oldestOfIt: string | undefined;
    for (const [key, row] of this.#rows) {
      if (row.from !== from) continue;
      oldestOfIt ??= key;
      count++;
    }
    if (count >= maxRowsOfOne) this.#rows.delete(oldestOfIt!);
    else if (this.#rows.size >= maxRows) this.#rows.delete(this.#rows.keys().next().value!);
  }
}

function attemptReason(error: Error): AttemptReason {
  return /protocol ?(?:version|id)/i.test(error.message) ? 'version-refused' : reasonOf(error);
}
