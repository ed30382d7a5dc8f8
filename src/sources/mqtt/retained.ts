import type { Shelf } from '../../core/shelf.ts';
import { topicMatches } from '../../lib/topic-filter.ts';
import { owned } from './owned.ts';
import { decodePacket, encodePacket, type KeptPacket, sizeOfPacket } from './packet-codec.ts';
import { spaces } from './spaces.ts';

export interface RetainedLimits {
  /** Topics with a retained message, and the bytes of these messages. */
  readonly maxRetained: number;
  readonly maxRetainedBytes: number;
}

/** A message that is to be retained. */
export interface Retainable extends KeptPacket {
  readonly topic: string;
  readonly payload: string | Buffer;
}

/** The last message of each topic that was published to be kept, within limits, in memory and on the shelf. */
export class RetainedMessages {
  readonly #limits: RetainedLimits;
  readonly #shelf: Shelf;
  readonly #operatingMs: () => number;
  readonly #onFull: () => void;
  readonly #byTopic = new Map<string, KeptPacket>();
  #bytes = 0;

  constructor(limits: RetainedLimits, shelf: Shelf, operatingMs: () => number, onFull: () => void) {
    this.#limits = limits;
    this.#shelf = shelf;
    this.#operatingMs = operatingMs;
    this.#onFull = onFull;
  }

  /** Takes in what was on the shelf when the process ended. @returns how many entries could not be read */
  async load(): Promise<number> {
    let unreadable = 0;
    for (const [topic, bytes] of await this.#shelf.entries(spaces.retained)) {
      const packet = decodePacket(bytes)?.packet;
      if (packet === undefined) unreadable++;
      if (packet === undefined || !this.#put(topic, packet)) this.#shelf.delete(spaces.retained, topic);
    }
    return unreadable;
  }

  /** Keeps a message in place of its topic's last one; an empty one only takes that away (MQTT 5.0 § 3.3.1.3). */
  store({ topic, payload, qos, properties }: Retainable): void {
    const seconds = properties?.messageExpiryInterval;
    const kept: KeptPacket = {
      cmd: 'publish',
      topic,
      payload: owned(payload),
      ...(qos !== undefined && { qos }),
      ...(properties !== undefined && { properties }),
      ...(typeof seconds === 'number' && { expiresAtMs: this.#operatingMs() + seconds * 1_000 }),
    };
    const wasKept = this.#byTopic.has(topic);
    // What does not fit takes the topic's last message along: an old value would pass for the newest.
    if (this.#put(topic, kept)) this.#shelf.put(spaces.retained, topic, encodePacket(kept));
    else if (wasKept) this.#shelf.delete(spaces.retained, topic);
  }

  /** Those whose topic a filter matches; they are looked for as they are asked for. One that has expired goes. */
  *matching(filter: string): Generator<KeptPacket> {
    if (!/[+#]/.test(filter)) {
      const packet = this.#current(filter);
      if (packet !== undefined) yield packet;
      return;
    }
    for (const topic of this.#byTopic.keys()) {
      const packet = topicMatches(filter, topic) ? this.#current(topic) : undefined;
      if (packet !== undefined) yield packet;
    }
  }

  #current(topic: string): KeptPacket | undefined {
    const packet = this.#byTopic.get(topic);
    if (packet?.expiresAtMs === undefined || packet.expiresAtMs > this.#operatingMs()) return packet;
    this.#remove(topic);
    this.#shelf.delete(spaces.retained, topic);
    return undefined;
  }

  /** @returns whether there is anything to be kept, and room for it */
  #put(topic: string, packet: KeptPacket): boolean {
    const wasKept = this.#remove(topic);
    if ((packet.payload?.length ?? 0) === 0) return false;
    const size = sizeOfPacket(packet);
    const hasRoomForTopic = wasKept || this.#byTopic.size < this.#limits.maxRetained;
    if (!hasRoomForTopic || this.#bytes + size > this.#limits.maxRetainedBytes) {
      this.#onFull();
      return false;
    }
    this.#byTopic.set(topic, packet);
    this.#bytes += size;
    return true;
  }

  #remove(topic: string): boolean {
    const before = this.#byTopic.get(topic);
    if (before === undefined) return false;
    this.#byTopic.delete(topic);
    this.#bytes -= sizeOfPacket(before);
    return true;
  }
}
