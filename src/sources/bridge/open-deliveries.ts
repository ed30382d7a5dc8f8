import type { RecentDelivery } from '../../core/message.ts';
import type { Shelf } from '../../core/shelf.ts';

/** By bridge: what may still come again, packed: packet id and checksum of each message, oldest first. */
const space = 'bridge.deliveries';
const entryBytes = 6;
const maxKept = 16_384;

/**
 * Messages of earlier runs that are on record here and that the broker may not know as acknowledged. The buffer tells those of the last
 * run alone. A gateway that dies again, before the broker has read its acknowledgements, needs those of the run before too.
 */
export class OpenDeliveries {
  readonly #shelf: Shelf;
  readonly #name: string;
  readonly #client: string;
  #isKept = false;

  /** @param client its name in delivery keys */
  constructor(shelf: Shelf, name: string, client: string) {
    this.#shelf = shelf;
    this.#name = name;
    this.#client = client;
  }

  /**
   * All that may come again, oldest first, durable for the next run when this resolves.
   *
   * @param recent those of the last run, oldest first
   * @throws {HeadgateError} buffer.failed when the disk refuses
   */
  async carryOver(recent: readonly RecentDelivery[]): Promise<RecentDelivery[]> {
    const own = recent.filter(({ client }) => client === this.#client);
    const packed = (await this.#shelf.entries(space)).find(([name]) => name === this.#name)?.[1];
    const earlier = packed === undefined ? [] : this.#unpack(packed, own.at(-1)?.agoMs ?? 0);
    // A packet id stands for one message at a time: the newest.
    const byId = new Map<number, RecentDelivery>();
    for (const one of [...earlier, ...own]) {
      byId.delete(one.packetId);
      byId.set(one.packetId, one);
    }
    const open = [...byId.values()].slice(-maxKept);
    if (open.length > 0 || packed !== undefined) {
      this.#isKept = true;
      this.#shelf.put(space, this.#name, pack(open));
      await this.#shelf.saved();
    }
    return open;
  }

  /** The broker has been heard long enough to know every acknowledgement: what comes now under an old id is new. */
  forget(): void {
    if (!this.#isKept) return;
    this.#isKept = false;
    this.#shelf.delete(space, this.#name);
  }

  #unpack(packed: Uint8Array, agoMs: number): RecentDelivery[] {
    const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
    const found: RecentDelivery[] = [];
    for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes)
      found.push({ client: this.#client, packetId: bytes.readUInt16LE(at), digest: bytes.readUInt32LE(at + 2), agoMs });
    return found;
  }
}

function pack(deliveries: readonly RecentDelivery[]): Uint8Array {
  const bytes = Buffer.alloc(deliveries.length * entryBytes);
  for (const [index, { packetId, digest }] of deliveries.entries()) {
    bytes.writeUInt16LE(packetId, index * entryBytes);
    bytes.writeUInt32LE(digest, index * entryBytes + 2);
  }
  return bytes;
}
