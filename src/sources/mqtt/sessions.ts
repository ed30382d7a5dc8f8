import { Readable } from 'node:stream';
import type { AedesPublishPacket, Client, Subscription } from 'aedes';
import aedesPersistence from 'aedes-persistence';

import { MessageQueues, owned, type QueueLimits, type SessionPacket } from './queues.ts';
import type { SkippedReason } from './refused.ts';
import { TopicCache, WantedTopics } from './topic-index.ts';

// Its types describe the callback style that aedes 2 no longer uses.
const createMemory = aedesPersistence as unknown as () => MemoryPersistence;

const nothing = Buffer.alloc(0);

interface MemoryPersistence {
  setup(broker: unknown): Promise<void>;
  storeRetained(packet: AedesPublishPacket): Promise<void>;
  createRetainedStreamCombi(patterns: string[]): Readable;
  addSubscriptions(client: Client, subs: Subscription[]): Promise<void>;
  removeSubscriptions(client: Client, topics: string[]): Promise<void>;
  subscriptionsByClient(client: Client): Promise<unknown>;
  subscriptionsByTopic(topic: string): Promise<unknown>;
  cleanSubscriptions(client: Client): Promise<void>;
  putWill(client: Client, packet: AedesPublishPacket): Promise<void>;
  delWill(client: Client): Promise<unknown>;
}

/** A QoS 2 packet id that its client has not released yet. */
interface IncomingId {
  /** Settled when the message has been taken in. */
  readonly taken: Promise<unknown>;
  isPassedOn: boolean;
}

/** A client, or what is left of one. */
interface WithId {
  readonly id: string;
  readonly conn?: unknown;
}

export interface SessionLimits extends QueueLimits {
  /** Topics with a retained message, and the bytes of these messages. */
  readonly maxRetained: number;
  readonly maxRetainedBytes: number;
  /** Sessions kept, of clients that are here and that are away. */
  readonly maxSessions: number;
}

/** Told of what a limit left out: it never touches records, only what local subscribers would have got. */
export type OnSkipped = (reason: SkippedReason) => void;

/**
 * What a broker remembers of its clients, in memory and within limits: subscriptions, retained messages, wills,
 * messages for clients that are away, and the QoS 2 packet ids that are open. The shape is aedes-persistence's.
 */
export class SessionStore {
  readonly #memory = createMemory();
  readonly #wanted = new WantedTopics();
  /** Who has a persistent QoS 1 or 2 subscription to a topic. */
  readonly #subscribers = new TopicCache((topic) => this.#memory.subscriptionsByTopic(topic));
  readonly #limits: SessionLimits;
  readonly #onSkipped: OnSkipped;
  readonly #room: (client: WithId) => Promise<void>;
  /** Bytes of each topic's retained message. */
  readonly #retained = new Map<string, number>();
  #retainedBytes = 0;
  readonly #queues: MessageQueues;
  /** Clients with a session that outlives their connection. */
  readonly #clients = new Set<string>();
  readonly #incoming = new Map<string, Map<number, IncomingId>>();

  /** @param room resolves when there is room in a client's socket */
  constructor(limits: SessionLimits, onSkipped: OnSkipped, room: (client: WithId) => Promise<void>) {
    this.#limits = limits;
    this.#onSkipped = onSkipped;
    this.#room = room;
    this.#queues = new MessageQueues(limits, () => onSkipped('queue-full'));
  }

  async setup(broker: unknown): Promise<void> {
    await this.#memory.setup(broker);
  }

  /**
   * Runs `take` for a QoS 2 message that is new in its session; for one that came before and is not yet released
   * (PUBREL), gives the first one's outcome (MQTT 5.0 § 4.3.3). A message that could not be taken in may come again.
   */
  takeOnce(
    clientId: string,
    packetId: number,
    take: () => Promise<unknown>,
  ): { isNew: boolean; taken: Promise<unknown> } {
    let open = this.#incoming.get(clientId);
    if (open === undefined) {
      open = new Map();
      this.#incoming.set(clientId, open);
    }
    const known = open.get(packetId);
    if (known !== undefined) return { isNew: false, taken: known.taken };
    const entry = { taken: take(), isPassedOn: false };
    open.set(packetId, entry);
    const ids = open;
    entry.taken.catch(() => {
      if (ids.get(packetId) === entry) ids.delete(packetId);
    });
    return { isNew: true, taken: entry.taken };
  }

  /** The session is over: its QoS 2 packet ids may be used for new messages. */
  forgetIncoming(clientId: string): void {
    this.#incoming.delete(clientId);
  }

  /** Whether a QoS 2 message was passed on to subscribers before; asked for each one after it was taken in. */
  async incomingGetPacket(client: WithId, packet: SessionPacket): Promise<SessionPacket> {
    if (this.#openId(client, packet)?.isPassedOn !== true) throw new Error('no such packet');
    return packet;
  }

  async incomingStorePacket(client: WithId, packet: SessionPacket): Promise<void> {
    const entry = this.#openId(client, packet);
    if (entry !== undefined) entry.isPassedOn = true;
  }

  async incomingDelPacket(client: WithId, packet: SessionPacket): Promise<void> {
    const ids = this.#incoming.get(client.id);
    ids?.delete(packet.messageId ?? 0);
    if (ids?.size === 0) this.#incoming.delete(client.id);
  }

  #openId(client: WithId, packet: SessionPacket): IncomingId | undefined {
    return this.#incoming.get(client.id)?.get(packet.messageId ?? 0);
  }

  async outgoingEnqueue(sub: { clientId: string }, packet: AedesPublishPacket): Promise<void> {
    this.#queues.add(sub.clientId, packet);
  }

  async outgoingEnqueueCombi(subs: readonly { clientId: string }[], packet: AedesPublishPacket): Promise<void> {
    for (const sub of subs) this.#queues.add(sub.clientId, packet);
  }

  async outgoingUpdate(client: WithId, packet: SessionPacket): Promise<void> {
    this.#queues.update(client.id, packet);
  }

  async outgoingClearMessageId(client: WithId, packet: SessionPacket): Promise<SessionPacket | undefined> {
    return this.#queues.take(client.id, packet.messageId);
  }

  /** What waited for a client that is back, no faster than it reads. */
  outgoingStream(client: WithId): Readable {
    const queue = this.#queues.list(client.id);
    const room = this.#room;
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

  async storeRetained(packet: AedesPublishPacket): Promise<void> {
    const { topic } = packet;
    const before = this.#retained.get(topic);
    const { length } = packet.payload;
    const bytes = this.#retainedBytes - (before ?? 0) + length;
    const fits = bytes <= this.#limits.maxRetainedBytes && (before !== undefined || this.#hasRoomForTopic);
    if (!fits) this.#onSkipped('retained-full');
    // What does not fit takes the topic's last message along: an old value would pass for the newest.
    const isKept = fits && length > 0;
    if (isKept) this.#retained.set(topic, length);
    else this.#retained.delete(topic);
    this.#retainedBytes = isKept ? bytes : this.#retainedBytes - (before ?? 0);
    await this.#memory.storeRetained({ ...packet, payload: isKept ? owned(packet.payload) : nothing });
  }

  get #hasRoomForTopic(): boolean {
    return this.#retained.size < this.#limits.maxRetained;
  }

  createRetainedStreamCombi(patterns: string[]): Readable {
    return this.#memory.createRetainedStreamCombi(patterns);
  }

  /** Whether this client may have a session that outlives its connection. */
  hasRoomFor(clientId: string): boolean {
    return this.#clients.has(clientId) || this.#clients.size < this.#limits.maxSessions;
  }

  /** Whether a persistent session wants a topic's messages, also while its client is away. */
  wants(topic: string): boolean {
    return this.#wanted.has(topic);
  }

  async addSubscriptions(client: Client, subs: Subscription[]): Promise<void> {
    this.#clients.add(client.id);
    for (const { topic, qos } of subs) {
      if (qos > 0) this.#wanted.add(client.id, topic);
      else this.#wanted.remove(client.id, topic);
    }
    await this.#memory.addSubscriptions(client, subs);
    this.#subscribers.clear();
  }

  async removeSubscriptions(client: Client, topics: string[]): Promise<void> {
    for (const topic of topics) this.#wanted.remove(client.id, topic);
    await this.#memory.removeSubscriptions(client, topics);
    this.#subscribers.clear();
  }

  async subscriptionsByClient(client: Client): Promise<unknown> {
    return this.#memory.subscriptionsByClient(client);
  }

  subscriptionsByTopic(topic: string): Promise<unknown> {
    return this.#subscribers.get(topic);
  }

  async cleanSubscriptions(client: Client): Promise<void> {
    this.#clients.delete(client.id);
    this.#wanted.forget(client.id);
    await this.#memory.cleanSubscriptions(client);
    this.#subscribers.clear();
  }

  async putWill(client: Client, packet: AedesPublishPacket): Promise<void> {
    await this.#memory.putWill(client, packet);
  }

  async delWill(client: Client): Promise<unknown> {
    return this.#memory.delWill(client);
  }

  /**
   * Wills of brokers that died, in a cluster. There is none, and aedes takes itself for dead when the clock jumps ahead,
   * as it does on every Pi that learns the time: the wills of living clients would go out.
   */
  streamWill(): Readable {
    return Readable.from([]);
  }
}
