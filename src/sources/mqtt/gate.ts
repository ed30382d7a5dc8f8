import { mayPublish, mayReceive, maySubscribe } from '../../auth/allows.ts';
import type { AuditLog } from '../../auth/audit.ts';
import type { AuthBook } from '../../auth/auth-book.ts';
import type { MqttOutcome, ShownByMqtt } from '../../auth/mqtt-access.ts';
import { HeadgateError, kindOf } from '../../core/errors.ts';
import { nobody, type Principal } from '../../core/principal.ts';
import type { Log } from '../../lib/log.ts';

/** Who may do what, as far as the broker asks. */
export interface MqttAccess {
  readonly of: (shown: ShownByMqtt) => Promise<MqttOutcome>;
  readonly book: Pick<AuthBook, 'watch'>;
  readonly audit: Pick<AuditLog, 'note'>;
}

/** What one principal may ask for, whatever the client. */
export interface MqttLoad {
  /** Counts a message of so many bytes; tells for how long, in ms, no more is to be taken. Undefined: as many as they like. */
  meterOf(principal: Principal): ((bytes: number) => number) | undefined;
  /** Counts a connection. @returns to be called when it is over @throws {HeadgateError} connections.limited */
  connect(principal: Principal): () => void;
}

/** How often it is noted that one client may not do something. */
const noteMs = 10_000;

interface Guest {
  readonly principal: Principal;
  readonly from: string;
  notedAt: number;
  /** Its connection does not count any more. */
  over: () => void;
}

/**
 * Why a client is not let in, as MQTT has it: 3.1.1 § 3.2.2.3, MQTT 5.0 § 3.2.2.2. Of these an MQTT 5 client is told the second.
 */
export const refusals = {
  wrong: [4, kindOf('auth.failed').mqtt],
  unknown: [5, kindOf('access.unknown').mqtt],
  wait: [3, kindOf('auth.throttled').mqtt],
  crowded: [3, kindOf('connections.limited').mqtt],
} as const satisfies Readonly<Record<Exclude<MqttOutcome['kind'], 'in'> | 'crowded', readonly [number, number]>>;

/** Who each client is, and whether it may do what it wants. What a client is to it, is whoever calls it to say. */
export class Gate<C extends object> {
  readonly #access: MqttAccess;
  readonly #load: () => MqttLoad;
  readonly #log: Log;
  readonly #guests = new WeakMap<C, Guest>();

  constructor(access: MqttAccess, load: () => MqttLoad, log: Log) {
    this.#access = access;
    this.#load = load;
    this.#log = log;
  }

  /** Finds out who a client is. @returns why it is not let in; undefined: it is */
  async admit(client: C, shown: ShownByMqtt): Promise<keyof typeof refusals | undefined> {
    let outcome: MqttOutcome;
    try {
      outcome = await this.#access.of(shown);
    } catch (error) {
      if (!(error instanceof HeadgateError)) throw error;
      outcome = { kind: 'wait' };
    }
    if (outcome.kind !== 'in') return outcome.kind;
    const from = shown.remoteAddress ?? '';
    this.#guests.set(client, { principal: outcome.principal, from, notedAt: -noteMs, over: () => {} });
    return undefined;
  }

  /**
   * Counts the connection of a client that is to be let in.
   *
   * @param other whose place it takes: that one does not count any more
   * @returns whether it may have one more
   */
  connects(client: C, other: C | undefined): boolean {
    const guest = this.#guests.get(client);
    if (guest === undefined) return false;
    if (other !== undefined) this.left(other);
    try {
      guest.over = this.#load().connect(guest.principal);
      return true;
    } catch (error) {
      if (!(error instanceof HeadgateError)) throw error;
      return false;
    }
  }

  /** Its connection is over. */
  left(client: C): void {
    this.#guests.get(client)?.over();
  }

  /** Counts what a client publishes; see {@link MqttLoad}. */
  meterOf(client: C): ReturnType<MqttLoad['meterOf']> {
    return this.#load().meterOf(this.principalOf(client));
  }

  /** Who a client is; nobody before it is let in. */
  principalOf(client: C): Principal {
    return this.#guests.get(client)?.principal ?? nobody;
  }

  /** Calls `end` when whoever a client is was revoked. @returns to be called when its connection is over */
  watch(client: C, end: () => void): () => void {
    return this.#access.book.watch(this.principalOf(client).id, end);
  }

  mayPublish(client: C, topic: string): boolean {
    const { may } = this.principalOf(client);
    return may.isAdmin || mayPublish(may, topic) || this.#refuse(client, 'publish', topic);
  }

  maySubscribe(client: C, filter: string): boolean {
    return maySubscribe(this.principalOf(client).may, filter) || this.#refuse(client, 'subscribe', filter);
  }

  /** Whether it may get a message: its session may have been somebody else's, who subscribed to more. */
  mayReceive(client: C, topic: string): boolean {
    const { may } = this.principalOf(client);
    return may.isAdmin || mayReceive(may, topic);
  }

  /** Whether a client may take the place of another one with its client id. */
  mayReplace(client: C, other: C): boolean {
    const { id, may } = this.principalOf(client);
    return may.isAdmin || this.principalOf(other).id === id;
  }

  #refuse(client: C, what: string, topic: string): false {
    const guest = this.#guests.get(client);
    const now = performance.now();
    if (guest === undefined || now - guest.notedAt < noteMs) return false;
    guest.notedAt = now;
    const { principal, from } = guest;
    const about = topic.slice(0, 200);
    this.#access.audit.note({
      who: principal.name,
      kind: principal.kind,
      from,
      what: `mqtt ${what}`,
      about,
      outcome: 'refused',
    });
    this.#log.warn(
      { who: principal.name, from, [what]: about },
      'An MQTT client may not do this: its scopes do not allow it.',
    );
    return false;
  }
}
