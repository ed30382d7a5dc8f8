import type { Readable } from 'node:stream';
import type { AedesPublishPacket } from 'aedes';
import type { Shelf } from '../../core/shelf.ts';
import { owned } from './owned.ts';
import { decodePacket, encodePacket } from './packet-codec.ts';
import { spaces } from './spaces.ts';

export interface RetainedLimits {
  /** Topics with a retained message, and the bytes of these messages. */
  readonly maxRetained: number;
  readonly maxRetainedBytes: number;
}

/** Where the messages themselves are. */
export interface RetainedMemory {
  /** In memory, it has happened when it returns, and never fails. */
  storeRetained(packet: AedesPublishPacket): Promise<void>;
  createRetainedStreamCombi(patterns: string[]): Readable;
}

const nothing = Buffer.alloc(0);

/** The last message of each topic that was published to be kept, within limits, in memory and on the shelf. */
export class RetainedMessages {
  readonly #limits: RetainedLimits;
  readonly #memory: RetainedMemory;
  readonly #shelf: Shelf;
  readonly #onFull: () => void;
  /** Bytes of each topic's message. */
  readonly #bytesByTopic = new Map<string, number>();
  #bytes = 0;

  constructor(limits: RetainedLimits, memory: RetainedMemory, shelf: Shelf, onFull: () => void) {
    this.#limits = limits;
    this.#memory = memory;
    this.#shelf = shelf;
    this.#onFull = onFull;
  }

  /** Takes in what was on the shelf when the process ended. @returns how many entries could not be read */
  async load(): Promise<number> {
    let unreadable = 0;
    for (const [topic, bytes] of await this.#shelf.entries(spaces.retained)) {
      const packet = decodePacket(bytes)?.packet;
      if (packet === undefined) unreadable++;
      if (packet !== undefined && this.#makeRoom(topic, packet.payload?.length ?? 0)) {
        void this.#memory.storeRetained(packet as AedesPublishPacket);
      } else {
        this.#shelf.delete(spaces.retained, topic);
      }
    }
    return unreadable;
  }

  /** Keeps a message in place of its topic's last one; an empty one only takes that away (MQTT 5.0 § 3.3.1.3). */
  store(packet: AedesPublishPacket): void {
    const { topic } = packet;
    const wasKept = this.#bytesByTopic.has(topic);
    // What does not fit takes the topic's last message along: an old value would pass for the newest.
    const isKept = this.#makeRoom(topic, packet.payload.length);
    const kept = { ...packet, payload: isKept ? owned(packet.payload) : nothing };
    if (isKept) this.#shelf.put(spaces.retained, topic, encodePacket(kept));
    else if (wasKept) this.#shelf.delete(spaces.retained, topic);
    void this.#memory.storeRetained(kept);
  }

  /** @returns whether there is anything to be kept, and room for it */
  #makeRoom(topic: string, length: number): boolean {
    const before = this.#bytesByTopic.get(topic);
    const bytes = this.#bytes - (before ?? 0) + length;
    const hasRoomForTopic = before !== undefined || this.#bytesByTopic.size < this.#limits.maxRetained;
    const fits = bytes <= this.#limits.maxRetainedBytes && hasRoomForTopic;
    if (!fits) this.#onFull();
    const isKept = fits && length > 0;
    if (isKept) this.#bytesByTopic.set(topic, length);
    else this.#bytesByTopic.delete(topic);
    this.#bytes = isKept ? bytes : this.#bytes - (before ?? 0);
    return isKept;
  }
}
