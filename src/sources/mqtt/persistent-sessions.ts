import type { Shelf } from '../../core/shelf.ts';
import { spaces } from './spaces.ts';
import type { Subscription } from './subscription.ts';

/** A client, or what is left of one. */
export interface SessionOwner {
  readonly id: string;
  readonly version?: number | null;
  /** MQTT 5.0 § 3.1.2.11.2, in seconds. */
  readonly sessionExpiryInterval?: number;
}

interface Kept {
  readonly subscriptions: Map<string, Subscription>;
  /** How long it outlives its connection; undefined: for ever. */
  lifeMs: number | undefined;
  /** When its connection ended, in operating time; undefined: it has one, or it lives for ever. */
  endedAtMs: number | undefined;
}

/** 0xFFFFFFFF: it does not expire. */
const never = 0xffffffff;

/**
 * The sessions that outlive their connections: who has one, what they are subscribed to, and when they end, on the shelf.
 *
 * A session's life is counted in operating time, the time that the gateway runs: nobody can come back while it does not,
 * and a wall clock that jumps, as it does whenever a Pi learns the time, must not end them all. So a session may live
 * longer than it was asked to, and never shorter.
 */
export class PersistentSessions {
  readonly #shelf: Shelf;
  readonly #maxSessions: number;
  readonly #operatingMs: () => number;
  readonly #byClient = new Map<string, Kept>();
  /** Whose subscriptions are to be put on the shelf. */
  readonly #changed = new Set<string>();

  constructor(shelf: Shelf, maxSessions: number, operatingMs: () => number) {
    this.#shelf = shelf;
    this.#maxSessions = maxSessions;
    this.#operatingMs = operatingMs;
  }

  /** Takes in what was on the shelf when the process ended. @returns how many sessions did not fit or could not be read */
  async load(): Promise<{ readonly unreadable: number; readonly tooMany: number }> {
    const now = this.#operatingMs();
    const ends = new Map((await this.#shelf.entries(spaces.sessions)).map(([id, value]) => [id, parse(value)]));
    let unreadable = 0;
    let tooMany = 0;
    for (const [clientId, value] of await this.#shelf.entries(spaces.subscriptions)) {
      const subscriptions = parse(value) as Subscription[] | undefined;
      if (subscriptions === undefined) unreadable++;
      else if (this.#byClient.size >= this.#maxSessions) tooMany++;
      if (subscriptions === undefined || this.#byClient.size >= this.#maxSessions) {
        this.#shelf.delete(spaces.subscriptions, clientId);
        continue;
      }
      const { lifeMs, endedAtMs } = (ends.get(clientId) ?? {}) as Partial<Kept>;
      // A crash ended its connection, or that was later than we know: then it begins to end now.
      const endedBefore = lifeMs === undefined ? undefined : Math.min(endedAtMs ?? now, now);
      const byTopic = new Map(subscriptions.map((subscription) => [subscription.topic, subscription]));
      const session = { subscriptions: byTopic, lifeMs, endedAtMs: endedBefore };
      this.#byClient.set(clientId, session);
      if (endedBefore !== endedAtMs) this.#putEnd(clientId, session);
    }
    for (const clientId of ends.keys()) {
      if (!this.#byClient.has(clientId)) this.#shelf.delete(spaces.sessions, clientId);
    }
    return { unreadable, tooMany };
  }

  /** Every session with its subscriptions. */
  *all(): Generator<readonly [clientId: string, subscriptions: Iterable<Subscription>]> {
    for (const [clientId, { subscriptions }] of this.#byClient) yield [clientId, subscriptions.values()];
  }

  has(clientId: string): boolean {
    return this.#byClient.has(clientId);
  }

  /** Whether this client may have a session that outlives its connection. */
  hasRoomFor(clientId: string): boolean {
    return this.#byClient.has(clientId) || this.#byClient.size < this.#maxSessions;
  }

  add(client: SessionOwner, subscription: Subscription): void {
    let session = this.#byClient.get(client.id);
    if (session === undefined) {
      session = { subscriptions: new Map(), lifeMs: lifeOf(client), endedAtMs: undefined };
      this.#byClient.set(client.id, session);
      this.#putEnd(client.id, session);
    }
    const before = session.subscriptions.get(subscription.topic);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(subscription)) return;
    session.subscriptions.set(subscription.topic, subscription);
    this.#changed.add(client.id);
  }

  remove(clientId: string, topic: string): void {
    if (this.#byClient.get(clientId)?.subscriptions.delete(topic)) this.#changed.add(clientId);
  }

  /** A client is here: its session does not end, and how long it will outlive the connection may have changed. */
  connected(client: SessionOwner): void {
    this.#setEnd(client, undefined);
  }

  /** Its connection has ended. */
  disconnected(client: SessionOwner): void {
    this.#setEnd(client, lifeOf(client) === undefined ? undefined : this.#operatingMs());
  }

  /** The session is over. */
  end(clientId: string): void {
    if (this.#byClient.delete(clientId)) {
      this.#shelf.delete(spaces.sessions, clientId);
      this.#shelf.delete(spaces.subscriptions, clientId);
    }
    this.#changed.delete(clientId);
  }

  /** Clients whose session has outlived its connection for as long as it may. */
  expired(): string[] {
    const now = this.#operatingMs();
    const isOver = ({ lifeMs, endedAtMs }: Kept): boolean =>
      lifeMs !== undefined && endedAtMs !== undefined && endedAtMs + lifeMs <= now;
    return [...this.#byClient].filter(([, session]) => isOver(session)).map(([clientId]) => clientId);
  }

  /** Puts what has changed on the shelf. */
  flush(): void {
    for (const clientId of this.#changed) {
      const subscriptions = this.#byClient.get(clientId)?.subscriptions;
      if (subscriptions === undefined) continue;
      this.#shelf.put(spaces.subscriptions, clientId, Buffer.from(JSON.stringify([...subscriptions.values()])));
    }
    this.#changed.clear();
  }

  #setEnd(client: SessionOwner, endedAtMs: number | undefined): void {
    const session = this.#byClient.get(client.id);
    const lifeMs = lifeOf(client);
    if (session === undefined || (session.lifeMs === lifeMs && session.endedAtMs === endedAtMs)) return;
    session.lifeMs = lifeMs;
    session.endedAtMs = endedAtMs;
    this.#putEnd(client.id, session);
  }

  #putEnd(clientId: string, { lifeMs, endedAtMs }: Kept): void {
    if (lifeMs === undefined) this.#shelf.delete(spaces.sessions, clientId);
    else this.#shelf.put(spaces.sessions, clientId, Buffer.from(JSON.stringify({ lifeMs, endedAtMs })));
  }
}

/** MQTT 3: for ever. MQTT 5: as it says. */
function lifeOf({ version, sessionExpiryInterval = never }: SessionOwner): number | undefined {
  return version === 5 && sessionExpiryInterval < never ? sessionExpiryInterval * 1_000 : undefined;
}

function parse(value: Uint8Array): object | undefined {
  try {
    return JSON.parse(Buffer.from(value).toString());
  } catch {
    // Written by something else.
    return undefined;
  }
}
