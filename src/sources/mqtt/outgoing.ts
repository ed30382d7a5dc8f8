import type { ByteStream } from '../../lib/byte-stream.ts';
import type { Throttle } from './connections.ts';
import type { KeptPacket } from './packet-codec.ts';
import { type OutgoingPublish, publishHead } from './publish-encoder.ts';
import type { MessageQueues, Queued, SessionQueue } from './queues.ts';
import type { RefusedReason, SkippedReason } from './refused.ts';

/** What a client has told of itself in CONNECT (MQTT 5.0 § 3.1.2.11), or what holds where it told nothing. */
export interface ClientLimits {
  readonly version: number;
  /** QoS 1 and 2 messages that it takes before it acknowledges one. */
  readonly receiveMaximum: number;
  /** Largest packet that it takes, in bytes; undefined: any. */
  readonly maximumPacketSize: number | undefined;
  /** Topic aliases that it takes; 0: none. */
  readonly topicAliasMaximum: number;
}

export interface OutgoingDependencies {
  readonly clientId: string;
  readonly socket: ByteStream;
  readonly limits: ClientLimits;
  readonly queues: MessageQueues;
  /** What stands between the socket and us; it knows how much waits for the client to be read. */
  readonly throttle: Pick<Throttle, 'unsent' | 'flush'>;
  /** `minUnsentBytes` or more. */
  readonly maxUnsentBytes: number;
  /** Messages under way to one client at the most, whatever it takes. */
  readonly maxInFlight: number;
  /** Time that the gateway has run, in ms: messages expire by it. */
  readonly operatingMs: () => number;
  readonly saved: () => Promise<void>;
  /** Whether the client may be told of a message: its session may have been somebody else's, who subscribed to more. */
  readonly mayReceive: (topic: string) => boolean;
  readonly onSkipped: (reason: SkippedReason) => void;
  readonly onRefused: (reason: RefusedReason) => void;
}

/** Aliases are for topics that come again and again; an honest client with more than this many saves nothing by them. */
const maxAliases = 256;
/** Subscriptions whose retained messages wait to be sent; a client that reads has one or two. */
const maxOffers = 1000;
/** MQTT 5.0 § 3.6.2.1: PUBREL for what is not known. */
const packetIdNotFound = 0x92;

/**
 * What goes to one connection of a client: within its Receive Maximum, its Maximum Packet Size and its Topic Alias Maximum. What has
 * to wait does so in its queue. QoS 0 messages skip a client that reads too slowly; a QoS 1 or 2 message, which it must not
 * miss without knowing, ends its connection.
 */
export class Outgoing {
  readonly #deps: OutgoingDependencies;
  readonly #queue: SessionQueue;
  readonly #window: number;
  readonly #maxAliases: number;
  readonly #aliases = new Map<string, number>();
  /** What is sent as there is room: retained messages, for each new subscription. */
  readonly #offers: Iterator<() => boolean>[] = [];
  /** What waited when it connected is still being sent. */
  #isCatchingUp = false;
  #isWaitingForRoom = false;
  #isOver = false;

  constructor(deps: OutgoingDependencies) {
    const { limits, queues, clientId, maxInFlight } = deps;
    this.#deps = deps;
    this.#queue = queues.of(clientId);
    this.#window = Math.min(limits.receiveMaximum, maxInFlight);
    this.#maxAliases = Math.min(limits.topicAliasMaximum, maxAliases);
  }

  /** It reads, or acknowledges, too slowly for more. */
  get isBusy(): boolean {
    return this.#queue.sent.size >= this.#window || this.#deps.throttle.unsent > this.#deps.maxUnsentBytes;
  }

  /** CONNACK has been sent: what waited follows. */
  begin(): void {
    const { queues, clientId, saved, socket } = this.#deps;
    this.#isCatchingUp = this.#queue.waiting.length > 0;
    const numbered = queues.number(clientId);
    if (numbered.length > 0) {
      saved().then(
        () => this.ready(numbered),
        // Their packet ids are not durable, so they can't be sent: on its next connection it is tried again.
        () => socket.destroy(),
      );
    }
    this.pump();
  }

  /** The connection is over; nothing is written any more. */
  end(): void {
    this.#isOver = true;
    this.#deps.queues.rewind(this.#deps.clientId);
  }

  /** These are as durable as they have to be. */
  ready(all: readonly Queued[]): void {
    for (const queued of all) queued.isReady = true;
    this.pump();
  }

  /** A QoS 0 message; it is sent at once or not at all. */
  sendNow(packet: KeptPacket, retain: boolean, ids: readonly number[] | undefined): void {
    if (this.#isOver) return;
    if (this.#isBehind()) this.#deps.onSkipped('slow-subscriber');
    else this.#write(packet, { qos: 0, retain, ids, dup: false, packetId: 0 });
  }

  /** A QoS 1 or 2 message has been put into the queue. @returns false when the client has fallen too far behind: it is disconnected */
  expect(): boolean {
    const { socket, onRefused } = this.#deps;
    if (this.#isOver) return false;
    if (this.#isCatchingUp || !this.#isBehind()) return true;
    onRefused('slow-subscriber');
    socket.destroy();
    return false;
  }

  /** Messages that are sent as there is room, each by a call that tells whether it could be put into the queue. */
  offer(messages: Iterable<() => boolean>): void {
    if (this.#offers.length < maxOffers) this.#offers.push(messages[Symbol.iterator]());
    else this.#deps.onSkipped('slow-subscriber');
    this.pump();
  }

  /** Sends what may be sent. */
  pump(): void {
    const { throttle, maxUnsentBytes } = this.#deps;
    const { waiting, sent } = this.#queue;
    while (!this.#isOver) {
      if ((this.#isCatchingUp || this.#offers.length > 0) && throttle.unsent > maxUnsentBytes / 2) {
        this.#waitForRoom();
        return;
      }
      const first = waiting.first;
      if (first !== undefined && sent.size < this.#window && first.isReady) {
        waiting.shift();
        this.#send(first);
        continue;
      }
      if (first === undefined) {
        this.#isCatchingUp = false;
        if (this.#takeOffer()) continue;
      }
      return;
    }
  }

  /** PUBACK. */
  puback(packetId: number): void {
    const queued = this.#queue.sent.get(packetId);
    if (queued === undefined || queued.packet.qos !== 1) return;
    this.#through(packetId, queued);
  }

  /** PUBREC; from 0x80 on the client does not want the message (MQTT 5.0 § 4.3.3). */
  pubrec(packetId: number, reasonCode: number): void {
    const queued = this.#queue.sent.get(packetId);
    if (queued === undefined) {
      this.#writePubrel(packetId, packetIdNotFound);
    } else if (queued.packet.cmd === 'pubrel') {
      this.#writePubrel(packetId, 0);
    } else if (queued.packet.qos === 2) {
      if (reasonCode >= 0x80) this.#through(packetId, queued);
      else this.#release(packetId, queued);
    }
  }

  /** PUBCOMP. */
  pubcomp(packetId: number): void {
    const queued = this.#queue.sent.get(packetId);
    if (queued?.packet.cmd === 'pubrel') this.#through(packetId, queued);
  }

  #isBehind(): boolean {
    const { throttle, maxUnsentBytes } = this.#deps;
    if (throttle.unsent <= maxUnsentBytes) return false;
    // What has only been put together may be taken at once.
    throttle.flush();
    return throttle.unsent > maxUnsentBytes;
  }

  #release(packetId: number, queued: Queued): void {
    const { queues, saved, socket } = this.#deps;
    queues.release(queued);
    if (queued.key === undefined) {
      this.#writePubrel(packetId, 0);
      return;
    }
    saved().then(
      () => this.#writePubrel(packetId, 0),
      // It is said again on its next connection.
      () => socket.destroy(),
    );
  }

  #through(packetId: number, queued: Queued): void {
    this.#queue.sent.delete(packetId);
    this.#deps.queues.forget(this.#deps.clientId, queued);
    this.pump();
  }

  #send(queued: Queued): void {
    const { queues, clientId, onSkipped, operatingMs } = this.#deps;
    const { packet, wasSent } = queued;
    if (packet.cmd === 'pubrel') {
      const { messageId = 0 } = packet;
      this.#queue.sent.set(messageId, queued);
      this.#writePubrel(messageId, 0);
      return;
    }
    packet.messageId ??= this.#queue.newId();
    const { messageId, qos = 0, retain = false } = packet;
    const isLate = packet.expiresAtMs !== undefined && packet.expiresAtMs <= operatingMs();
    if (isLate) onSkipped('expired');
    if (
      isLate ||
      messageId === undefined ||
      !this.#write(packet, { qos, retain, ids: packet.ids, dup: wasSent, packetId: messageId })
    ) {
      queues.forget(clientId, queued);
      return;
    }
    queued.wasSent = true;
    if (queued.key === undefined) queues.lighten(queued);
    this.#queue.sent.set(messageId, queued);
  }

  /** @returns false when it is not for the client, or larger than it takes: then it is as if it had been sent (MQTT 5.0 § 3.1.2.11.4) */
  #write(packet: KeptPacket, how: Pick<OutgoingPublish, 'qos' | 'retain' | 'ids' | 'dup' | 'packetId'>): boolean {
    const { limits, socket, mayReceive, onSkipped, operatingMs } = this.#deps;
    const { topic = '', properties, expiresAtMs } = packet;
    if (!mayReceive(topic)) return false;
    const payload = bytesOf(packet);
    let alias: number | undefined;
    let isKnown = false;
    if (this.#maxAliases > 0) {
      alias = this.#aliases.get(topic);
      isKnown = alias !== undefined;
      if (!isKnown && this.#aliases.size < this.#maxAliases) alias = this.#aliases.size + 1;
    }
    const expirySeconds =
      expiresAtMs === undefined ? undefined : Math.max(1, Math.ceil((expiresAtMs - operatingMs()) / 1_000));
    const said = { ...how, topic: isKnown ? '' : topic, payload, properties, expirySeconds, alias };
    const head = publishHead(said, limits.version);
    if (limits.maximumPacketSize !== undefined && head.length + payload.length > limits.maximumPacketSize) {
      onSkipped('too-large');
      return false;
    }
    if (alias !== undefined && !isKnown) this.#aliases.set(topic, alias);
    socket.write(head);
    if (payload.length > 0) socket.write(payload);
    return true;
  }

  #writePubrel(packetId: number, reasonCode: number): void {
    if (this.#isOver) return;
    const bytes = [0x62, 2, packetId >>> 8, packetId & 0xff];
    if (reasonCode > 0 && this.#deps.limits.version === 5) {
      bytes[1] = 3;
      bytes.push(reasonCode);
    }
    this.#deps.socket.write(Buffer.from(bytes));
  }

  /** @returns whether one was put into the queue, or left out */
  #takeOffer(): boolean {
    const [first] = this.#offers;
    if (first === undefined) return false;
    const { done, value } = first.next();
    if (done) this.#offers.shift();
    else value();
    return true;
  }

  #waitForRoom(): void {
    if (this.#isWaitingForRoom) return;
    this.#isWaitingForRoom = true;
    const { socket, throttle, maxUnsentBytes } = this.#deps;
    const goOn = (): void => {
      this.#isWaitingForRoom = false;
      this.pump();
    };
    throttle.flush();
    // What the operating system takes at once is not told of. The others have their turn first.
    if (socket.writableLength > maxUnsentBytes / 2) socket.once('drain', goOn);
    else setImmediate(goOn);
  }
}

function bytesOf({ payload = '' }: KeptPacket): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
