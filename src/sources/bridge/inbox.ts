import { crc32 } from 'node:zlib';
import type { IPublishPacket } from 'mqtt';
import type { Bearer, DeliveryKey, Message, RecentDelivery, Take } from '../../core/message.ts';
import type { MonotonicMs } from '../../core/time.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { type ClientWindow, Redelivery, type UnderWay } from '../redelivery.ts';
import type { RetainedBook } from './retained-book.ts';

/** How long what was published to the broker may take to come back. */
const echoMs = 60_000;
const maxEchoes = 1_000;
const maxTopics = 10_000;
/** Messages that are remembered at least, to recognise them when they come again. */
const minRemembered = 16_384;

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
  /** Messages that came again while the first copy was on its way, by packet id: on the present connection. */
  readonly #copies = new Map<number, Numbered>();
  readonly counts = { received: 0, duplicates: 0, retainedAgain: 0, echoes: 0, notTaken: 0, tooLarge: 0 };
  #inFlight = 0;

  constructor(deps: InboxDependencies) {
    this.#deps = deps;
    // A broker that takes a session up again may send more than it should have under way.
    this.#redelivery = new Redelivery(Math.max(minRemembered, deps.maxInFlight * 4));
    this.#window = this.#redelivery.of(this.client);
  }

  /** Its name in delivery keys. No MQTT client can have it: a text of MQTT holds no NUL. */
  get client(): string {
    return `\0bridge:${this.#deps.name}`;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes in what earlier runs have on record, oldest first. */
  restore(deliveries: readonly RecentDelivery[]): void {
    this.#redelivery.restore(deliveries);
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
    this.#copies.clear();
  }

  /** The broker has released a QoS 2 message: should its id come, it is another one's. */
  released(packetId: number): void {
    this.#window.forget(packetId);
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
    // With MQTT 5 no more than `maxInFlight` come, and what else the broker says is still read: its answers to pings.
    if (this.#inFlight <= this.#deps.maxInFlight) go();
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
        // It is answered with the first one; should that be refused, the connection ends and it comes once more.
        const { packetId, digest, acknowledge } = incoming;
        this.#copies.set(packetId, { packetId, digest, acknowledge });
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
    if (isNumbered) this.#window.begin(packetId, digest, awaited);
    this.#inFlight++;
    const bearer: Bearer = {
      taken: () => {
        if (isRetained) this.#deps.retained.put(topic, digest);
        this.#heard(topic, digest, last);
        this.#settle();
        if (isNumbered) this.#settled(incoming);
      },
      refused: (error) => {
        this.counts.notTaken++;
        if (isNumbered) this.#window.forget(packetId);
        this.#settle();
        if (isNumbered) this.#deps.onNotTaken(error);
      },
    };
    const delivery: DeliveryKey | undefined = isNumbered ? { client: this.client, packetId, digest } : undefined;
    const source = `bridge:${this.#deps.name}`;
    const message: Message = {
      ...{ source, topic, payload, mqttQos: qos },
      ...(delivery && { delivery }),
      ...(isRetained && { isRetained }),
    };
    this.#deps.take(message, bearer);
  }

  /** It is on record: it is acknowledged, on whichever connection it came last. */
  #settled(incoming: Numbered): void {
    this.#acknowledge(incoming);
    const copy = this.#copies.get(incoming.packetId);
    if (copy?.digest !== incoming.digest) return;
    this.#copies.delete(copy.packetId);
    this.counts.duplicates++;
    this.#acknowledge(copy);
  }

  #acknowledge({ packetId, digest, acknowledge }: Numbered): void {
    this.#window.acknowledged(packetId, digest, this.#window.isConnected);
    acknowledge();
  }

  #settle(): void {
    this.#inFlight--;
    if (this.#inFlight <= this.#deps.maxInFlight) this.#waiting.shift()?.();
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

/** What it takes to acknowledge a message. */
interface Numbered {
  readonly packetId: number;
  readonly digest: number;
  readonly acknowledge: () => void;
}

interface Incoming extends Numbered {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly isRetained: boolean;
}

/** Nobody asks a message that is under way what became of it: its copies are told. */
const awaited: UnderWay = { outcome: Promise.resolve() };

/** Checksum of a message, 32 bits unsigned. */
function digestOf(topic: string, payload: Uint8Array): number {
  return crc32(payload, crc32(topic));
}
