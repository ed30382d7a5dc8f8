import { crc32 } from 'node:zlib';
import type { IPublishPacket } from 'mqtt';
import type { Bearer, DeliveryKey, Message, RecentDelivery, Take } from '../../core/message.ts';
import type { MonotonicMs } from '../../core/time.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { type ClientWindow, Redelivery } from '../redelivery.ts';
import type { RetainedBook } from './retained-book.ts';

/** How long what was published to the broker may take to come back. */
const echoMs = 60_000;
const maxEchoes = 1_000;
const maxTopics = 10_000;

export interface InboxDependencies {
  readonly name: string;
  readonly prefix: string;
  readonly maxInFlight: number;
  readonly maxPacketSize: number;
  readonly take: Take;
  readonly retained: RetainedBook;
  readonly now: () => MonotonicMs;
  /** Something was heard on a topic, as it is called here, for the first time in a while. */
  readonly onTopic: () => void;
  /** The buffer did not take a message of QoS 1 or 2: the broker has to send it again. */
  readonly onNotTaken: (error: Error) => void;
}

/**
 * What comes from one broker on its way into the flow: which of it is new, and what waits for the disk. It outlives
 * connections, as what the broker sends again does.
 */
export class Inbox {
  readonly #deps: InboxDependencies;
  readonly #redelivery: Redelivery;
  readonly #window: ClientWindow;
  /** Topics as they are called here, each with the checksum of what was last said on it. */
  readonly #topics = new RecentMap<string, number>(maxTopics);
  /** What was published to the broker and may come back, by checksum: when, and how often. */
  readonly #echoes = new RecentMap<number, { at: MonotonicMs; count: number }>(maxEchoes);
  readonly #waiting: (() => void)[] = [];
  readonly counts = { received: 0, duplicates: 0, retainedAgain: 0, echoes: 0, notTaken: 0, tooLarge: 0 };
  #inFlight = 0;

  constructor(deps: InboxDependencies) {
    this.#deps = deps;
    this.#redelivery = new Redelivery(deps.maxInFlight);
    this.#window = this.#redelivery.of(this.client);
  }

  /** Its name in delivery keys. No MQTT client can have it: a text of MQTT holds no NUL. */
  get client(): string {
    return `\0bridge:${this.#deps.name}`;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes in what was durable when the last run ended, oldest first. */
  restore(deliveries: readonly RecentDelivery[]): void {
    this.#redelivery.restore(deliveries.filter(({ client }) => client === this.client));
  }

  /** A connection to the broker stands: what was not acknowledged comes again. */
  connected(): void {
    this.#keepTime();
    this.#window.connected();
  }

  disconnected(): void {
    this.#window.disconnected();
    // Nobody is held back by a connection that is gone.
    this.#waiting.length = 0;
  }

  /** Whether something was heard on a topic here. */
  hasHeard(topic: string): boolean {
    return this.#topics.get(topic) !== undefined;
  }

  /** This gateway publishes something to the broker, which may send it back. */
  published(topic: string, payload: Uint8Array): void {
    const digest = digestOf(topic, payload);
    const before = this.#echoes.get(digest);
    const count = before === undefined || this.#isOver(before.at) ? 0 : before.count;
    this.#echoes.set(digest, { at: this.#deps.now(), count: count + 1 });
  }

  /** See `GuardEvents.whenRoom`. */
  whenRoom(go: () => void): void {
    if (this.#inFlight < this.#deps.maxInFlight) go();
    else this.#waiting.push(go);
  }

  /** @param acknowledge called when the broker may forget it; not at all when it has to send it again */
  take(packet: IPublishPacket, acknowledge: () => void): void {
    this.#keepTime();
    this.counts.received++;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    if (payload.length > this.#deps.maxPacketSize) {
      this.counts.tooLarge++;
      acknowledge();
      return;
    }
    const topic = this.#deps.prefix + packet.topic;
    const digest = digestOf(packet.topic, payload);
    const { messageId: packetId = 0, qos } = packet;
    const incoming: Incoming = {
      topic,
      payload,
      digest,
      packetId,
      qos,
      isRetained: packet.retain === true,
      acknowledge,
    };
    if (packet.dup === true && qos > 0 && packetId > 0) this.#takeAgain(incoming);
    else this.#takeNew(incoming);
  }

  #takeAgain(incoming: Incoming): void {
    const known = this.#window.find(incoming.packetId, incoming.digest);
    switch (known?.state) {
      case undefined:
        this.#takeNew(incoming);
        return;
      case 'under-way': {
        const again = (): void => this.#takeAgain(incoming);
        // Whatever became of the first one, it is known by now; when it was not taken in, this one is.
        known.outcome.then(again, again);
        return;
      }
      default:
        this.counts.duplicates++;
        this.#acknowledge(incoming);
    }
  }

  #takeNew(incoming: Incoming): void {
    const { topic, payload, digest, packetId, qos, isRetained } = incoming;
    if (this.#isEcho(digest)) {
      this.counts.echoes++;
      incoming.acknowledge();
      return;
    }
    const last = this.#topics.get(topic);
    // A broker sends a retained message at each new subscription: it is news only where it says something else.
    if (isRetained && (last === digest || this.#deps.retained.has(topic, digest))) {
      this.counts.retainedAgain++;
      this.#heard(topic, digest, last);
      incoming.acknowledge();
      return;
    }
    const isNumbered = qos > 0 && packetId > 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (isNumbered) this.#window.begin(packetId, digest, { outcome: promise });
    this.#inFlight++;
    const bearer: Bearer = {
      taken: () => {
        if (isRetained) this.#deps.retained.put(topic, digest);
        this.#heard(topic, digest, last);
        this.#settle();
        if (isNumbered) this.#acknowledge(incoming);
        resolve();
      },
      refused: (error) => {
        this.counts.notTaken++;
        if (isNumbered) this.#window.forget(packetId);
        this.#settle();
        resolve();
        if (isNumbered) this.#deps.onNotTaken(error);
      },
    };
    const delivery: DeliveryKey | undefined = isNumbered ? { client: this.client, packetId, digest } : undefined;
    const source = `bridge:${this.#deps.name}`;
    const message: Message = { source, topic, payload, mqttQos: qos, ...(delivery && { delivery }) };
    this.#deps.take(message, bearer);
  }

  #acknowledge({ packetId, digest, acknowledge }: Incoming): void {
    this.#window.acknowledged(packetId, digest, this.#window.isConnected);
    acknowledge();
  }

  #settle(): void {
    this.#inFlight--;
    if (this.#inFlight < this.#deps.maxInFlight) this.#waiting.shift()?.();
  }

  #heard(topic: string, digest: number, before: number | undefined): void {
    this.#topics.set(topic, digest);
    if (before === undefined) this.#deps.onTopic();
  }

  #isEcho(digest: number): boolean {
    const sent = this.#echoes.get(digest);
    if (sent === undefined || sent.count === 0 || this.#isOver(sent.at)) return false;
    sent.count--;
    return true;
  }

  #isOver(at: MonotonicMs): boolean {
    return this.#deps.now() - at > echoMs;
  }

  #keepTime(): void {
    this.#redelivery.now = 1 + Math.floor(this.#deps.now() / 1_000);
  }
}

interface Incoming {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly digest: number;
  readonly packetId: number;
  readonly qos: 0 | 1 | 2;
  readonly isRetained: boolean;
  readonly acknowledge: () => void;
}

/** Checksum of a message, 32 bits unsigned. */
function digestOf(topic: string, payload: Uint8Array): number {
  return crc32(payload, crc32(topic));
}
