import { Readable } from 'node:stream';
import type { AedesPublishPacket, Client, Subscription } from 'aedes';
import aedesPersistence from 'aedes-persistence';
import { messageOf } from '../../core/errors.ts';
import type { Shelf } from '../../core/shelf.ts';
import { OpenIds } from './open-ids.ts';
import { PersistentSessions, type SessionOwner, type SubscriptionMemory } from './persistent-sessions.ts';
import { MessageQueues, type Numbering, type QueueLimits, type SessionPacket } from './queues.ts';
import type { SkippedReason } from './refused.ts';
import { type RetainedLimits, type RetainedMemory, RetainedMessages } from './retained.ts';
import { type WillOwner, Wills } from './wills.ts';

// Its types describe the callback style that aedes 2 no longer uses.
const createMemory = aedesPersistence as unknown as () => MemoryPersistence;

interface MemoryPersistence extends RetainedMemory, SubscriptionMemory {
  setup(broker: unknown): Promise<void>;
  putWill(client: Client, packet: AedesPublishPacket): Promise<void>;
  delWill(client: Client): Promise<unknown>;
}

/**
 * What has happened already. A promise would tell so a moment later, and aedes passes on at once what is not to be
 * retained: the next message of a topic would overtake one that is.
 */
const atOnce: PromiseLike<void> = {
  // biome-ignore lint/suspicious/noThenProperty: that is what aedes asks for
  then: (onDone) => Promise.resolve(onDone?.()) as never,
};

/** A client, or what is left of one. */
interface WithId {
  readonly id: string;
  readonly conn?: unknown;
}

/** What it needs of the broker whose memory it is. */
interface Broker extends Numbering {
  readonly clients: Readonly<Record<string, { readonly will?: unknown } | undefined>>;
}

export interface SessionLimits extends QueueLimits, RetainedLimits {
  /** Sessions kept, of clients that are here and that are away. */
  readonly maxSessions: number;
}

export interface SessionDependencies {
  readonly limits: SessionLimits;
  readonly shelf: Shelf;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => number;
  /** Told of what a limit left out: it never touches records, only what local subscribers would have got. */
  readonly onSkipped: (reason: SkippedReason) => void;
  /** Told in words what of the shelf could not be read. */
  readonly onUnreadable: (what: string) => void;
  /** Resolves when there is room in a client's socket. */
  readonly room: (client: WithId) => Promise<void>;
  /** A client has released a QoS 2 message: it has our word for it. */
  readonly onReleased: (clientId: string, packetId: number) => void;
}

/**
 * What a broker remembers of its clients, within limits: subscriptions, retained messages, wills, messages for clients
 * that are away, and the QoS 2 packet ids that are open. All of it is in memory, and what outlives a connection is on
 * the shelf too: what its client is told of only once it is durable there. The shape is aedes-persistence's.
 */
export class SessionStore {
  readonly #deps: SessionDependencies;
  readonly #memory = createMemory();
  readonly #sessions: PersistentSessions;
  readonly #queues: MessageQueues;
  readonly #retained: RetainedMessages;
  readonly #open: OpenIds;
  readonly #wills: Wills;
  #broker: Broker | undefined;

  constructor(deps: SessionDependencies) {
    const { limits, shelf, operatingMs, onSkipped } = deps;
    this.#deps = deps;
    this.#sessions = new PersistentSessions(this.#memory, shelf, limits.maxSessions, operatingMs);
    this.#queues = new MessageQueues(limits, shelf, () => onSkipped('queue-full'));
    this.#retained = new RetainedMessages(limits, this.#memory, shelf, () => onSkipped('retained-full'));
    this.#open = new OpenIds(shelf);
    this.#wills = new Wills(shelf);
  }

  /** Takes in what was on the shelf. What can't be read is as if it had not been there. */
  async setup(broker: Broker): Promise<void> {
    this.#broker = broker;
    await this.#memory.setup(broker);
    try {
      const unreadable = await this.#load(broker);
      if (unreadable > 0) this.#deps.onUnreadable(`${unreadable} entries`);
    } catch (error) {
      this.#deps.onUnreadable(messageOf(error));
    }
  }

  async #load(broker: Broker): Promise<number> {
    const operatingMs = this.#deps.operatingMs();
    const { unreadable, tooMany } = await this.#sessions.load();
    for (let i = 0; i < tooMany; i++) this.#deps.onSkipped('sessions-full');
    const queued = await this.#queues.load((clientId) => this.#sessions.has(clientId), broker);
    const retained = await this.#retained.load();
    const open = await this.#open.load(operatingMs);
    const wills = await this.#wills.load(operatingMs);
    return unreadable + queued + retained + open + wills;
  }

  /** Everything so far is durable. @throws {HeadgateError} buffer.failed when the disk refuses it */
  saved(): Promise<void> {
    this.#sessions.flush();
    return this.#deps.shelf.saved();
  }

  /** A client is connected and let in. */
  connected(client: SessionOwner): void {
    this.#sessions.connected(client);
  }

  /** A client's connection has ended; its session may go on. */
  disconnected(client: SessionOwner): void {
    this.#sessions.disconnected(client);
  }

  /** Ends the sessions that have outlived their connection for as long as they may. */
  async expire(): Promise<void> {
    for (const id of this.#sessions.expired()) {
      this.#open.drop(id);
      await this.cleanSubscriptions({ id } as Client);
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
    this.#open.drop(clientId);
  }

  /** Whether a QoS 2 message has been taken in and passed on: then aedes only has to say so. */
  async incomingGetPacket(client: WithId, packet: SessionPacket): Promise<SessionPacket> {
    if (!this.#open.isPassedOn(client.id, packet.messageId ?? 0)) throw new Error('no such packet');
    return packet;
  }

  /** Never asked for what `takeOnce` saw to. */
  async incomingStorePacket(): Promise<void> {}

  /** PUBREL. */
  async incomingDelPacket(client: WithId, { messageId = 0 }: SessionPacket): Promise<void> {
    this.#open.release(client.id, messageId);
    this.#deps.onReleased(client.id, messageId);
  }

  async outgoingEnqueue(sub: { clientId: string }, packet: AedesPublishPacket): Promise<void> {
    await this.outgoingEnqueueCombi([sub], packet);
  }

  /** Asked for each QoS 1 and 2 message, behind `storeRetained`, before it is passed on. */
  async outgoingEnqueueCombi(subs: readonly { clientId: string }[], packet: AedesPublishPacket): Promise<void> {
    for (const sub of subs) this.#queues.add(sub.clientId, packet);
    if (subs.length > 0 || packet.retain) await this.saved();
  }

  async outgoingUpdate(client: WithId, packet: SessionPacket): Promise<void> {
    if (this.#queues.update(client.id, packet)) await this.saved();
  }

  async outgoingClearMessageId(client: WithId, packet: SessionPacket): Promise<SessionPacket | undefined> {
    return this.#queues.take(client.id, packet.messageId);
  }

  /** What waited for a client that is back, no faster than it reads. */
  outgoingStream(client: WithId): Readable {
    const queue = this.#queues.list(client.id);
    const { room } = this.#deps;
    return Readable.from(
      (async function* () {
        for (const packet of queue) {
          await room(client);
          yield packet;
        }
      })(),
      { highWaterMark: 1 },
    );
  }

  storeRetained(packet: AedesPublishPacket): PromiseLike<void> {
    this.#retained.store(packet);
    return atOnce;
  }

  createRetainedStreamCombi(patterns: string[]): Readable {
    return this.#memory.createRetainedStreamCombi(patterns);
  }

  /** Whether this client may have a session that outlives its connection. */
  hasRoomFor(clientId: string): boolean {
    return this.#sessions.hasRoomFor(clientId);
  }

  /** Whether a persistent session wants a topic's messages, also while its client is away. */
  wants(topic: string): boolean {
    return this.#sessions.wants(topic);
  }

  async addSubscriptions(client: Client, subs: Subscription[]): Promise<void> {
    await this.#sessions.add(client, subs);
    await this.saved();
  }

  async removeSubscriptions(client: Client, topics: string[]): Promise<void> {
    await this.#sessions.remove(client, topics);
    await this.saved();
  }

  subscriptionsByClient(client: Client): Promise<unknown> {
    return this.#sessions.byClient(client);
  }

  subscriptionsByTopic(topic: string): Promise<unknown> {
    return this.#sessions.byTopic(topic);
  }

  /** The session is over, or starts afresh. */
  async cleanSubscriptions(client: Client): Promise<void> {
    this.#queues.drop(client.id);
    await this.#sessions.end(client);
  }

  async putWill(client: Client, packet: AedesPublishPacket): Promise<void> {
    this.#wills.put(client as WillOwner, packet);
    await this.#memory.putWill(client, packet);
  }

  /** Asked for a connection that starts, and once a will was published or is not to be. */
  async delWill(client: WithId): Promise<unknown> {
    if (client.conn === undefined) await this.settleWill(client.id);
    else this.#wills.delete(client.id);
    return this.#memory.delWill(client as Client);
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
