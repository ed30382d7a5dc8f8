import { Readable } from 'node:stream';
import type { AedesPublishPacket, Client } from 'aedes';
import { messageOf } from '../../core/errors.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { FanOut, type FanOutPacket } from './fan-out.ts';
import { OpenIds } from './open-ids.ts';
import { Outgoing } from './outgoing.ts';
import { PersistentSessions, type SessionOwner } from './persistent-sessions.ts';
import { MessageQueues } from './queues.ts';
import { type Retainable, RetainedMessages } from './retained.ts';
import { Session } from './session.ts';
import {
  atOnce,
  type Broker,
  type SessionDependencies,
  type Way,
  type WithId,
  type WithPacketId,
} from './session-dependencies.ts';
import { Subscribers } from './subscribers.ts';
import { filterOf, type Subscription } from './subscription.ts';
import { type WillOwner, Wills } from './wills.ts';

/**
 * What a broker remembers of its clients, within limits: subscriptions, retained messages, wills, messages for clients
 * that are away, and the QoS 2 packet ids that are open. All of it is in memory, and what outlives a connection is on
 * the shelf too: what its client is told of only once it is durable there. The shape is aedes-persistence's, as far as aedes is
 * left to ask: subscriptions, and what goes to clients, are seen to here.
 */
export class SessionStore {
  readonly subscribers: Subscribers<Session>;
  readonly fanOut: FanOut;
  readonly #deps: SessionDependencies;
  readonly #sessions = new Map<string, Session>();
  readonly #persistent: PersistentSessions;
  readonly #queues: MessageQueues;
  readonly #retained: RetainedMessages;
  readonly #open: OpenIds;
  readonly #wills: Wills;
  /** Clients that had a session to be kept in this run, with or without subscriptions. */
  readonly #known: RecentMap<string, true>;
  #broker: Broker | undefined;

  constructor(deps: SessionDependencies) {
    const { limits, shelf, operatingMs, onSkipped } = deps;
    this.#deps = deps;
    this.subscribers = new Subscribers(deps.addressedBy);
    this.#persistent = new PersistentSessions(shelf, limits.maxSessions, operatingMs);
    this.#queues = new MessageQueues(limits, shelf, () => onSkipped('queue-full'));
    this.#retained = new RetainedMessages(limits, shelf, operatingMs, () => onSkipped('retained-full'));
    this.#open = new OpenIds(shelf);
    this.#wills = new Wills(shelf);
    this.#known = new RecentMap(limits.maxSessions);
    this.fanOut = new FanOut(this.subscribers, this.#queues, operatingMs);
  }

  /** Takes in what was on the shelf. What can't be read is as if it had not been there. */
  async setup(broker: Broker): Promise<void> {
    this.#broker = broker;
    try {
      const unreadable = await this.#load();
      if (unreadable > 0) this.#deps.onUnreadable(`${unreadable} entries`);
    } catch (error) {
      this.#deps.onUnreadable(messageOf(error));
    }
  }

  async #load(): Promise<number> {
    const operatingMs = this.#deps.operatingMs();
    const { unreadable, tooMany } = await this.#persistent.load();
    for (let i = 0; i < tooMany; i++) this.#deps.onSkipped('sessions-full');
    for (const [clientId, subscriptions] of this.#persistent.all()) {
      const session = new Session(clientId, true);
      this.#sessions.set(clientId, session);
      for (const subscription of subscriptions) this.subscribers.add(session, subscription);
    }
    const queued = await this.#queues.load((clientId) => this.#persistent.has(clientId));
    const retained = await this.#retained.load();
    const open = await this.#open.load(operatingMs);
    const wills = await this.#wills.load(operatingMs);
    return unreadable + queued + retained + open + wills;
  }

  /** Everything so far is durable. @throws {HeadgateError} buffer.failed when the disk refuses it */
  saved(): Promise<void> {
    this.#persistent.flush();
    return this.#deps.shelf.saved();
  }

  /** Whether there is a session that a client which does not start afresh goes on with. */
  isPresent(clientId: string): boolean {
    return this.#persistent.has(clientId) || this.#open.has(clientId) || this.#known.get(clientId) === true;
  }

  /** A client has been let in and told so: its session goes on, or begins. */
  attach(client: SessionOwner & { readonly clean: boolean }, way: Way): Session {
    const { id: clientId, clean } = client;
    let session = this.#sessions.get(clientId);
    if (session?.isKept === false) {
      this.#end(session);
      session = undefined;
    }
    session ??= new Session(clientId, !clean);
    session.outgoing?.end();
    session.isKept = !clean;
    this.#sessions.set(clientId, session);
    if (clean) this.#known.delete(clientId);
    else this.#known.set(clientId, true);
    const { operatingMs, onSkipped } = this.#deps;
    const outgoing = new Outgoing({
      ...way,
      ...{ clientId, operatingMs, onSkipped },
      queues: this.#queues,
      saved: () => this.saved(),
    });
    session.outgoing = outgoing;
    this.#persistent.connected(client);
    outgoing.begin();
    for (const { topic } of this.subscribers.subscriptionsOf(session)) {
      this.subscribers.arrived(session, filterOf(topic)?.filter ?? topic);
    }
    return session;
  }

  /** A connection is over: what was said on it has been. The client may be back on another one. */
  detach(session: Session, outgoing: Outgoing | undefined): void {
    if (outgoing === undefined || session.outgoing !== outgoing) return;
    outgoing.end();
    session.outgoing = undefined;
    if (!session.isKept) this.#end(session);
  }

  /** A client's connection has ended; its session may go on. */
  disconnected(client: SessionOwner): void {
    this.#persistent.disconnected(client);
  }

  /** Ends the sessions that have outlived their connection for as long as they may. */
  async expire(): Promise<void> {
    for (const id of this.#persistent.expired()) {
      this.#open.drop(id);
      await this.cleanSubscriptions({ id });
    }
  }

  /** A subscription of a session that outlives its connection; it is durable once `saved` says so. */
  keep(client: SessionOwner, subscription: Subscription): void {
    this.#persistent.add(client, subscription);
  }

  /** From now on the client is told. @returns whether it had no such subscription */
  subscribe(session: Session, subscription: Subscription): boolean {
    return this.subscribers.add(session, subscription);
  }

  /** @returns whether there was such a subscription */
  unsubscribe(session: Session, topic: string): boolean {
    this.#persistent.remove(session.id, topic);
    return this.subscribers.remove(session, topic);
  }

  /** Sends a subscriber the retained messages that a new subscription asks for, no faster than it reads. */
  offerRetained(session: Session, subscription: Subscription): void {
    session.outgoing?.offer(this.#offers(session, subscription));
  }

  *#offers(session: Session, { topic, qos: granted, subscriptionIdentifier }: Subscription): Generator<() => boolean> {
    const ids = subscriptionIdentifier === undefined ? undefined : [subscriptionIdentifier];
    const { retainedElsewhere = () => [] } = this.#deps;
    for (const source of [this.#retained.matching(topic), retainedElsewhere(topic)]) {
      for (const packet of source) {
        yield () => {
          const qos = Math.min(granted, packet.qos ?? 0) as 0 | 1 | 2;
          if (qos === 0) session.outgoing?.sendNow(packet, true, ids);
          else this.#queues.add(session.id, { ...packet, qos, retain: true, ids }, false, true);
          return true;
        };
      }
    }
  }

  /** See {@link OpenIds.takeOnce}. */
  takeOnce(
    clientId: string,
    message: { readonly packetId: number; readonly digest: number },
    isAgain: boolean,
    take: () => Promise<unknown>,
  ): { isNew: boolean; taken: Promise<unknown> } {
    return this.#open.takeOnce(clientId, message, isAgain, take);
  }

  /** The id stays open beyond the connection, and the process. */
  keepOpen(clientId: string, packetId: number): void {
    this.#open.keep(clientId, packetId, this.#deps.operatingMs());
  }

  /** The session is over: its QoS 2 packet ids may be used for new messages. */
  forgetIncoming(clientId: string): void {
    this.#known.delete(clientId);
    this.#open.drop(clientId);
  }

  /** Whether a QoS 2 message has been taken in and passed on: then aedes only has to say so. */
  async incomingGetPacket<P extends WithPacketId>(client: WithId, packet: P): Promise<P> {
    if (!this.#open.isPassedOn(client.id, packet.messageId ?? 0)) throw new Error('no such packet');
    return packet;
  }

  /** Never asked for what `takeOnce` saw to. */
  async incomingStorePacket(): Promise<void> {}

  /** PUBREL. */
  async incomingDelPacket(client: WithId, { messageId = 0 }: WithPacketId): Promise<void> {
    this.#open.release(client.id, messageId);
    this.#deps.onReleased(client.id, messageId);
  }

  /** Asked for each QoS 1 and 2 message, behind `storeRetained`, before it is passed on. */
  async outgoingEnqueueCombi(_subs: unknown, packet: AedesPublishPacket): Promise<void> {
    const isKept = this.fanOut.keep(packet as FanOutPacket);
    if (!isKept && !packet.retain) return;
    try {
      await this.saved();
    } finally {
      // What the disk refuses it is given again later, and the message stays where it is: its publisher sends it once more.
      this.fanOut.kept(packet as FanOutPacket);
    }
  }

  /** Asked when a client connects: what waits for it is sent by {@link attach}. */
  outgoingStream(): Readable {
    return Readable.from([]);
  }

  storeRetained(packet: AedesPublishPacket): PromiseLike<void> {
    this.#retained.store(packet as Retainable);
    return atOnce(undefined);
  }

  readonly hasRoomFor = (clientId: string): boolean => this.#persistent.hasRoomFor(clientId);

  /** aedes is to restore nothing: {@link attach} does. */
  async subscriptionsByClient(): Promise<readonly Subscription[]> {
    return [];
  }

  /** Who gets a message is found out when it is put into their queues. */
  subscriptionsByTopic(): PromiseLike<readonly Subscription[]> {
    return atOnce([]);
  }

  /** The session is over, or starts afresh. */
  async cleanSubscriptions({ id }: WithId): Promise<void> {
    const session = this.#sessions.get(id);
    if (session !== undefined) this.#end(session);
    this.#known.delete(id);
    this.#queues.drop(id);
    this.#persistent.end(id);
  }

  #end(session: Session): void {
    session.outgoing?.end();
    session.outgoing = undefined;
    this.subscribers.forget(session);
    this.#queues.drop(session.id);
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  readonly hasRoomForWill = (packet: AedesPublishPacket): boolean => this.#wills.hasRoomFor(packet);

  async putWill(client: Client, packet: AedesPublishPacket): Promise<void> {
    this.#wills.put(client as WillOwner, packet);
  }

  /** Asked for a connection that starts, and once a will was published or is not to be. */
  async delWill(client: WithId): Promise<void> {
    if (client.conn === undefined) await this.settleWill(client.id);
    else this.#wills.delete(client.id);
  }

  /** Wills of clients that were connected when the gateway died, and that are due; told once. */
  lateWills(): { readonly clientId: string; readonly packet: AedesPublishPacket }[] {
    return this.#wills.takeDue(this.#deps.operatingMs());
  }

  /** A connection's will was published, or is not to be. The client may be back by now, with another one. */
  async settleWill(clientId: string): Promise<void> {
    // aedes asks before it takes the connection off its books.
    await undefined;
    if (this.#broker?.clients[clientId]?.will == null) this.#wills.delete(clientId);
  }

  /**
   * Wills of brokers that died, in a cluster. There is none, and aedes takes itself for dead when the clock jumps ahead,
   * as it does on every Pi that learns the time: the wills of living clients would go out.
   */
  streamWill(): Readable {
    return Readable.from([]);
  }
}
