import type { DeliveryKey } from '../core/message.ts';

// A batch's delivery keys as they lie on the disk: a table of the clients' names, then eight bytes a key. Sources number
// their messages from 1 to 65535, so a key is the client's place in the table, the number, and the digest. A key that is of
// only some of a message's records has the client's name in the table together with which they are.

/** A client in the table. */
type Sender = string | readonly [client: string, index: number, of: number, division: number];

const keyBytes = 8;
const maxClients = 0xffff;

/** Collects the delivery keys of a batch that is being filled. */
export class DeliveryKeys {
  /** By JSON of {@link Sender} where it is not just the client's name. */
  readonly #clients = new Map<string, number>();
  #senders: Sender[] = [];
  #bytes = Buffer.alloc(0);
  #length = 0;

  add({ client, packetId, digest, part }: DeliveryKey): void {
    const sender: Sender = part === undefined ? client : [client, part.index, part.of, part.division];
    const name = typeof sender === 'string' ? sender : `\0${JSON.stringify(sender)}`;
    let slot = this.#clients.get(name);
    if (slot === undefined) {
      slot = this.#senders.length;
      // More clients in one batch than a slot can name: their messages would be taken twice, not lost.
      if (slot > maxClients) return;
      this.#clients.set(name, slot);
      this.#senders.push(sender);
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
    const names = Buffer.from(JSON.stringify(this.#senders));
    const packed = Buffer.allocUnsafeSlow(4 + names.length + this.#length);
    packed.writeUInt32LE(names.length, 0);
    names.copy(packed, 4);
    this.#bytes.copy(packed, 4 + names.length, 0, this.#length);
    this.#clients.clear();
    this.#senders = [];
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
  const clients = from < 6 ? [] : (JSON.parse(bytes.toString('utf8', 4, from)) as Sender[]);
  for (let at = from; at + keyBytes <= bytes.length; at += keyBytes) {
    const sender = clients[bytes.readUInt16LE(at)];
    if (sender === undefined) return [];
    const key = { packetId: bytes.readUInt16LE(at + 2), digest: bytes.readUInt32LE(at + 4) };
    if (typeof sender === 'string') keys.push({ client: sender, ...key });
    else {
      const [client, index, of, division] = sender;
      keys.push({ client, ...key, part: { index, of, division } });
    }
  }
  return keys;
}
