import { Readable } from 'node:stream';
import type { AedesPublishPacket, Client, Subscription } from 'aedes';
import aedesPersistence from 'aedes-persistence';

import type { SkippedReason } from './refused.ts';
import { TopicCache, WantedTopics } from './topic-index.ts';

// Its types describe the callback style that aedes 2 no longer uses.
const createMemory = aedesPersistence as unknown as () => MemoryPersistence;

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

/** A packet as aedes hands it to its persistence; which fields are there depends on the step. */
export interface SessionPacket {
  readonly cmd?: string;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  messageId?: number | undefined;
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

export interface SessionLimits {
  readonly maxQueuedPerClient: number;
  readonly maxRetained: number;
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
  readonly #retained = new Set<string>();
  readonly #outgoing = new Map<string, SessionPacket[]>();
  readonly #incoming = new Map<string, Map<number, IncomingId>>();

  /** @param room resolves when there is room in a client's socket */
  constructor(limits: SessionLimits, onSkipped: OnSkipped, room: (client: WithId) => Promise<void>) {
    this.#limits = limits;
    this.#onSkipped = onSkipped;
    this.#room = room;
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
    let queue = this.#outgoing.get(sub.clientId);
    if (queue === undefined) {
      queue = [];
      this.#outgoing.set(sub.clientId, queue);
    }
    // A copy: each client gives it a packet id of its own.
    queue.push({ ...(packet as SessionPacket), messageId: undefined });
    if (queue.length > this.#limits.maxQueuedPerClient) {
      queue.shift();
      this.#onSkipped('queue-full');
    }
  }

  async outgoingEnqueueCombi(subs: readonly { clientId: string }[], packet: AedesPublishPacket): Promise<void> {
    for (const sub of subs) void this.outgoingEnqueue(sub, packet);
  }

  /** Gives a queued message its packet id, or puts the PUBREL of one in its place. */
  async outgoingUpdate(client: WithId, packet: SessionPacket): Promise<void> {
    const queue = this.#outgoing.get(client.id) ?? [];
    for (const [index, queued] of queue.entries()) {
      if (packet.brokerId !== undefined && queued.brokerId === packet.brokerId) {
        if (queued.brokerCounter !== packet.brokerCounter) continue;
        queued.messageId = packet.messageId;
        return;
      }
      if (queued.messageId === packet.messageId) {
        queue[index] = packet;
        return;
      }
    }
    // It fell to the limit while it was under way. The client gets it all the same.
  }

  async outgoingClearMessageId(client: WithId, packet: SessionPacket): Promise<SessionPacket | undefined> {
    const queue = this.#outgoing.get(client.id);
    const index = queue?.findIndex((queued) => queued.messageId === packet.messageId) ?? -1;
    if (queue === undefined || index === -1) return undefined;
    const [cleared] = queue.splice(index, 1);
    if (queue.length === 0) this.#outgoing.delete(client.id);
    return cleared;
  }

  /** What waited for a client that is back, no faster than it reads. */
  outgoingStream(client: WithId): Readable {
    const queue = [...(this.#outgoing.get(client.id) ?? [])];
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
    if (packet.payload.length === 0) this.#retained.delete(packet.topic);
    else if (!this.#retained.has(packet.topic)) {
      if (this.#retained.size >= this.#limits.maxRetained) {
        this.#onSkipped('retained-full');
        return;
      }
      this.#retained.add(packet.topic);
    }
    await this.#memory.storeRetained(packet);
  }

  createRetainedStreamCombi(patterns: string[]): Readable {
    return this.#memory.createRetainedStreamCombi(patterns);
  }

  /** Whether a persistent session wants a topic's messages, also while its client is away. */
  wants(topic: string): boolean {
    return this.#wanted.has(topic);
  }

  async addSubscriptions(client: Client, subs: Subscription[]): Promise<void> {
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
