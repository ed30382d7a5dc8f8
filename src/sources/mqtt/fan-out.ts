import type { AedesPublishPacket } from 'aedes';
import { owned } from './owned.ts';
import type { KeptPacket } from './packet-codec.ts';
import type { MessageQueues, Queued } from './queues.ts';
import type { Session } from './session.ts';
import type { Delivery, Subscribers } from './subscribers.ts';

/** One message to one subscriber; with its place in the queue, where it is kept for it. */
interface Planned {
  readonly delivery: Delivery<Session>;
  readonly queued: Queued | undefined;
}

/** As aedes hands it over. What is planned is found out once: of a shared subscription it is another member each time. */
export interface FanOutPacket extends Readonly<Pick<AedesPublishPacket, 'topic' | 'payload' | 'qos' | 'retain'>> {
  readonly clientId?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  planned?: readonly Planned[];
}

/**
 * Passes messages on to whoever listens to their topic, in the shape that aedes expects of its `mq`. What is to wait for clients is
 * put into their queues by `keep`, and passed on by `emit` once it is durable.
 */
export class FanOut {
  readonly #subscribers: Subscribers<Session>;
  readonly #queues: MessageQueues;
  readonly #operatingMs: () => number;
  #isClosed = false;

  constructor(subscribers: Subscribers<Session>, queues: MessageQueues, operatingMs: () => number) {
    this.#subscribers = subscribers;
    this.#queues = queues;
    this.#operatingMs = operatingMs;
  }

  /** For brokers that form a cluster, which there is none of. */
  on(_filter: string, _listener: unknown, done?: () => void): this {
    if (done !== undefined) setImmediate(done);
    return this;
  }

  removeListener(_filter: string, _listener: unknown, done?: () => void): this {
    if (done !== undefined) setImmediate(done);
    return this;
  }

  /** Puts a QoS 1 or 2 message into the queues of those for whom it has to be durable. @returns whether there are any */
  keep(packet: FanOutPacket): boolean {
    const deliveries = this.#subscribers.deliveriesOf(packet, packet.clientId);
    if (deliveries.length === 0) return false;
    let isKept = false;
    const message = this.#messageOf(packet);
    packet.planned = deliveries.map((delivery) => {
      const { to, qos } = delivery;
      if (qos === 0 || !to.isKept) return { delivery, queued: undefined };
      isKept = true;
      return { delivery, queued: this.#queues.add(to.id, forOne(message, delivery), true, to.isConnected) };
    });
    return isKept;
  }

  /** What {@link keep} put into queues is durable, as far as it ever will be. */
  kept({ planned }: FanOutPacket): void {
    for (const { queued } of planned ?? []) if (queued !== undefined) queued.isReady = true;
  }

  emit(packet: FanOutPacket, done: (error?: Error) => void = () => {}): this {
    if (this.#isClosed) {
      done(new Error('the broker is closed'));
      return this;
    }
    const { planned } = packet;
    if (planned !== undefined) {
      for (const { delivery, queued } of planned) this.#passOn(packet, delivery, queued);
    } else {
      for (const delivery of this.#subscribers.deliveriesOf(packet, packet.clientId)) {
        this.#passOn(packet, delivery, undefined);
      }
    }
    done();
    return this;
  }

  close(done: () => void): this {
    this.#isClosed = true;
    setImmediate(done);
    return this;
  }

  #passOn(packet: FanOutPacket, delivery: Delivery<Session>, queued: Queued | undefined): void {
    const { to, qos, retain, ids } = delivery;
    const { outgoing } = to;
    if (outgoing === undefined) return;
    if (qos === 0) {
      outgoing.sendNow(this.#messageOf(packet), retain, ids);
      return;
    }
    if (!outgoing.expect()) return;
    // What is to be kept and has no place in the queue was counted there.
    if (queued === undefined && !to.isKept)
      this.#queues.add(to.id, forOne(this.#messageOf(packet), delivery), false, true);
    outgoing.pump();
  }

  #messageOf({ topic, payload, qos, properties }: FanOutPacket): KeptPacket {
    const seconds = properties?.messageExpiryInterval;
    return {
      cmd: 'publish',
      topic,
      payload: qos > 0 ? owned(payload) : payload,
      properties,
      ...(typeof seconds === 'number' && { expiresAtMs: this.#operatingMs() + seconds * 1_000 }),
    } as KeptPacket;
  }
}

function forOne(message: KeptPacket, { qos, retain, ids }: Delivery<Session>): KeptPacket {
  return { ...message, qos, retain, ...(ids !== undefined && { ids }) };
}
