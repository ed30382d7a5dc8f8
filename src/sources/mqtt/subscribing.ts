import type { Client } from 'aedes';
import { generate, type ISubscribePacket, type IUnsubscribePacket, type Packet } from 'mqtt-packet';
import { messageOf } from '../../core/errors.ts';
import type { ByteStream } from '../../lib/byte-stream.ts';
import { topicFilterFault } from '../../lib/topic-filter.ts';
import { reasonCode } from './reason-codes.ts';
import type { Session } from './session.ts';
import type { SessionStore } from './sessions.ts';
import { filterOf, type Subscription } from './subscription.ts';

export interface SubscribingDependencies {
  readonly sessions: SessionStore;
  readonly maxTopicLevels: number;
  readonly maxSubscriptionsPerClient: number;
  /** Whether a client may be told of everything that a filter, `$share/GROUP/` included, matches. */
  readonly mayListen: (client: Client, filter: string) => boolean;
  /** Ends a connection; an MQTT 5 client is told why. */
  readonly refuse: (client: Client, code: number, why: string) => void;
}

/** One client on one connection, as its packets are seen to. */
export interface Here {
  readonly client: Client;
  readonly session: Session;
}

/** A filter that was not granted. */
interface Refusal {
  readonly code: number;
  readonly why: string;
}

/** What filters may have on average, in characters, when a client holds as many as it may; and all together at least. */
const usualLength = 100;
const minLength = 65_536;
const maxIdentifier = 268_435_455;
/** MQTT 3.1.1 § 3.9.3: it has no other code for a filter that is not granted. */
const failure = 0x80;

/** SUBSCRIBE and UNSUBSCRIBE, filter by filter: what is wrong with one is told in the answer, and leaves the others and the connection alone. */
export class Subscribing {
  readonly #deps: SubscribingDependencies;

  constructor(deps: SubscribingDependencies) {
    this.#deps = deps;
  }

  /** SUBACK comes when what it grants is as durable as the session; then retained messages follow. */
  async subscribe({ client, session }: Here, packet: ISubscribePacket): Promise<void> {
    const { sessions, refuse } = this.#deps;
    const { subscriptions, messageId } = packet;
    const id = packet.properties?.subscriptionIdentifier as number | readonly number[] | undefined;
    const fault = subscribeFault(packet, id);
    if (fault !== undefined) {
      refuse(client, reasonCode.protocolError, fault);
      return;
    }
    const granted: number[] = [];
    const held: Subscription[] = [];
    const reasons = new Set<string>();
    for (const { topic, qos, nl, rap, rh } of subscriptions) {
      const refusal = this.#refusalOf(client, session, topic, held);
      if (refusal !== undefined) {
        granted.push(client.version === 5 ? refusal.code : failure);
        reasons.add(refusal.why);
        continue;
      }
      granted.push(qos);
      held.push({
        topic,
        qos: qos as 0 | 1 | 2,
        ...(client.version === 5 && { nl, rap, rh }),
        ...(typeof id === 'number' && { subscriptionIdentifier: id }),
      });
    }
    if (session.isKept) {
      for (const subscription of held) sessions.keep(client as never, subscription);
      if (!(await this.#saved(client))) return;
    }
    // MQTT 5.0 § 3.8.3.1: nothing retained for a shared subscription.
    const offers = held.filter((subscription) => {
      const { topic, rh = 0 } = subscription;
      const isNew = sessions.subscribe(session, subscription);
      return filterOf(topic)?.group === undefined && (rh === 0 || (rh === 1 && isNew));
    });
    write(client, { cmd: 'suback', messageId: messageId ?? 0, granted, ...explained(client, reasons) } as Packet);
    for (const subscription of offers) sessions.offerRetained(session, subscription);
  }

  async unsubscribe({ client, session }: Here, { unsubscriptions, messageId }: IUnsubscribePacket): Promise<void> {
    if (unsubscriptions.length === 0) {
      this.#deps.refuse(client, reasonCode.protocolError, 'UNSUBSCRIBE names no topic filter');
      return;
    }
    if (!messageId) {
      this.#deps.refuse(client, reasonCode.protocolError, 'UNSUBSCRIBE has the packet identifier 0');
      return;
    }
    const granted = unsubscriptions.map((topic) => {
      if (this.#filterFault(topic) !== undefined) return reasonCode.topicFilterInvalid;
      return this.#deps.sessions.unsubscribe(session, topic) ? reasonCode.success : reasonCode.noSubscriptionExisted;
    });
    if (session.isKept && !(await this.#saved(client))) return;
    write(client, { cmd: 'unsuback', messageId: messageId ?? 0, granted } as Packet);
  }

  /** @returns false when the connection is over, or is to be, because what it asked for can't be made durable */
  async #saved(client: Client): Promise<boolean> {
    try {
      await this.#deps.sessions.saved();
      return true;
    } catch (error) {
      this.#deps.refuse(client, reasonCode.serverBusy, messageOf(error));
      return false;
    }
  }

  #refusalOf(client: Client, session: Session, topic: string, held: readonly Subscription[]): Refusal | undefined {
    const { sessions, maxSubscriptionsPerClient, mayListen } = this.#deps;
    const fault = this.#filterFault(topic);
    if (fault !== undefined) return { code: reasonCode.topicFilterInvalid, why: fault };
    const { subscribers } = sessions;
    if (subscribers.countOf(session) + held.length >= maxSubscriptionsPerClient) {
      const why = `a client may hold ${maxSubscriptionsPerClient} subscriptions (mqtt.maxSubscriptionsPerClient)`;
      return { code: reasonCode.quotaExceeded, why };
    }
    const length = held.reduce((sum, one) => sum + one.topic.length, subscribers.lengthOf(session) + topic.length);
    if (length > Math.max(minLength, maxSubscriptionsPerClient * usualLength)) {
      return { code: reasonCode.quotaExceeded, why: 'the filters of this client are longer than is kept' };
    }
    if (session.isKept && !sessions.hasRoomFor(client.id)) {
      return { code: reasonCode.quotaExceeded, why: 'there are too many sessions already (mqtt.maxSessions)' };
    }
    if (!mayListen(client, topic)) return { code: reasonCode.notAuthorized, why: 'this client may not listen there' };
    return undefined;
  }

  #filterFault(topic: string): string | undefined {
    const { maxTopicLevels } = this.#deps;
    const parts = filterOf(topic);
    if (parts === undefined) return 'a shared subscription is $share/GROUP/FILTER, without wildcards in the group';
    const fault = topicFilterFault(parts.filter);
    if (fault !== undefined) return fault.replace(/^but /, '');
    if (topic.includes('\ufffd') || topic.includes('\0')) return 'a topic filter is valid UTF-8';
    const levels = parts.filter.split('/', maxTopicLevels + 1).length;
    return levels > maxTopicLevels ? `a topic filter has at most ${maxTopicLevels} levels` : undefined;
  }
}

/** What is wrong with a SUBSCRIBE as a whole; undefined when nothing is. */
function subscribeFault({ subscriptions, messageId }: ISubscribePacket, id: unknown): string | undefined {
  if (!messageId) return 'SUBSCRIBE has the packet identifier 0';
  if (subscriptions.length === 0) return 'SUBSCRIBE names no topic filter';
  if (id !== undefined && !(typeof id === 'number' && id >= 1 && id <= maxIdentifier)) {
    return 'a subscription identifier is one number from 1 to 268435455';
  }
  if (subscriptions.some(({ topic, nl }) => nl === true && topic.startsWith('$share/'))) {
    return "a shared subscription can't have No Local";
  }
  return undefined;
}

/** MQTT 5.0 § 3.9.2.1.2: why, for clients that want to know. */
function explained(client: Client, reasons: ReadonlySet<string>): object {
  const isAsked = (client as unknown as { _requestProblemInformation?: boolean })._requestProblemInformation !== false;
  if (client.version !== 5 || reasons.size === 0 || !isAsked) return {};
  return { properties: { reasonString: [...reasons].join('; ') } };
}

function write(client: Client, packet: Packet): void {
  const socket = client.conn as ByteStream;
  if (!socket.destroyed) socket.write(generate(packet, { protocolVersion: client.version ?? 4 }));
}
