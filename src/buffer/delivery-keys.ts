import type { DeliveryKey } from '../core/message.ts';

// A batch's delivery keys as they lie on the disk: a table of the clients' names, then eight bytes a key. Sources number
// their messages from 1 to 65535, so a key is the client's place in the table, the number, and the digest.

const keyBytes = 8;
const maxClients = 0xffff;

/** Collects the delivery keys of a batch that is being filled. */
export class DeliveryKeys {
  readonly #clients = new Map<string, number>();
  #bytes = Buffer.alloc(0);
  #length = 0;

  add({ client, packetId, digest }: DeliveryKey): void {
    let slot = this.#clients.get(client);
    if (slot === undefined) {
      slot = this.#clients.size;
      // More clients in one batch than a slot can name: their messages would be taken twice, not lost.
      if (slot > maxClients) return;
      this.#clients.set(client, slot);
    }
    if (this.#length + keyBytes > this.#bytes.length) this.#grow();
    this.#bytes.writeUInt16LE(slot, this.#length);
    this.#bytes.writeUInt16LE(packetId, this.#length + 2);
    this.#bytes.writeUInt32LE(digest, this.#length + 4);
    this.#length += keyBytes;
  }

  /** What was collected, packed; undefined when it is nothing. Starts anew. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const names = Buffer.from(JSON.stringify([...this.#clients.keys()]));
    const packed = Buffer.allocUnsafeSlow(4 + names.length + this.#length);
    packed.writeUInt32LE(names.length, 0);
    names.copy(packed, 4);
    this.#bytes.copy(packed, 4 + names.length, 0, this.#length);
    this.#clients.clear();
    this.#length = 0;
    return packed;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(Math.max(512, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** The keys of {@link DeliveryKeys.take}, in their order; none when the bytes are not what it made. */
export function unpackDeliveries(packed: Uint8Array): DeliveryKey[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const from = bytes.length < 4 ? bytes.length : 4 + bytes.readUInt32LE(0);
  if (from > bytes.length) return [];
  const keys: DeliveryKey[] = [];
  const clients = from < 6 ? [] : (JSON.parse(bytes.toString('utf8', 4, from)) as string[]);
  for (let at = from; at + keyBytes <= bytes.length; at += keyBytes) {
    const client = clients[bytes.readUInt16LE(at)];
    if (client === undefined) return [];
    keys.push({ client, packetId: bytes.readUInt16LE(at + 2), digest: bytes.readUInt32LE(at + 4) });
  }
  return keys;
}
