import type { RecentDelivery } from '../../core/message.ts';
import type { Shelf } from '../../core/shelf.ts';

/** By client of delivery keys: the checksum of the last frame, four bytes. The name means the same for ever. */
const space = 'serial.last-frames';

/**
 * The last frame of each device that waits for acknowledgements, if an earlier run has it on record: it may come again. The
 * buffer tells what the last run took in; of a run that heard nothing and died, it is still to be known.
 */
export class LastFrames {
  readonly #shelf: Shelf;
  readonly #kept = new Set<string>();

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /**
   * The last frames by client, durable for the next run when this resolves.
   *
   * @param recent what the last run has on record, oldest first
   * @throws {HeadgateError} buffer.failed when the disk refuses
   */
  async carryOver(
    clients: readonly string[],
    recent: readonly RecentDelivery[],
  ): Promise<ReadonlyMap<string, RecentDelivery>> {
    const last = new Map<string, RecentDelivery>();
    if (clients.length === 0) return last;
    for (const [client, bytes] of await this.#shelf.entries(space)) {
      if (bytes.length < 4) continue;
      this.#kept.add(client);
      last.set(client, { client, packetId: 1, digest: Buffer.from(bytes).readUInt32LE(), agoMs: 0 });
    }
    for (const one of recent) if (clients.includes(one.client)) last.set(one.client, one);
    for (const [client, { digest }] of last) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(digest);
      this.#shelf.put(space, client, bytes);
      this.#kept.add(client);
    }
    if (last.size > 0) await this.#shelf.saved();
    return last;
  }

  /** The device has sent another frame, which is on record. */
  forget(client: string): void {
    if (this.#kept.delete(client)) this.#shelf.delete(space, client);
  }
}
