import type { ByteStream } from '../../lib/byte-stream.ts';

/** Chunks up to this size are put together; a larger one is worth a write of its own. */
const maxSmall = 512;
const initialCapacity = 1024;
const ackBytes = new Uint8Array([0x40, 0x02, 0, 0]);

/**
 * Puts the many small chunks that one turn of the event loop writes to a socket into one. mqtt-packet writes a PUBACK in
 * three chunks, and each would be an object in Node's stream and a vector in the system call: for a publisher with a
 * hundred messages under way that is three hundred of them instead of one.
 */
export class Outbox {
  readonly #write: (...args: unknown[]) => boolean;
  #bytes = Buffer.allocUnsafeSlow(initialCapacity);
  #length = 0;
  #edit: ((bytes: Buffer) => Buffer) | undefined;

  /** From here on the socket can't be corked: that is what this does. */
  constructor(socket: ByteStream) {
    this.#write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    // mqtt-packet corks what can be corked, at the price of a tick for each packet. Nobody else does.
    (socket as { cork: unknown }).cork = undefined;
  }

  /** What is handed over first goes through this. */
  editFirst(edit: (bytes: Buffer) => Buffer): void {
    this.#edit = edit;
  }

  /** Bytes that wait for the end of this turn. */
  get length(): number {
    return this.#length;
  }

  /** A PUBACK without properties: the same four bytes in every version, for success (MQTT 5.0 § 3.4.2.1). */
  puback(packetId: number): void {
    ackBytes[2] = packetId >>> 8;
    ackBytes[3] = packetId & 0xff;
    this.#collect(ackBytes);
  }

  /** Takes what `socket.write` takes. */
  write(chunk: unknown, ...rest: unknown[]): void {
    if (this.#edit !== undefined && typeof chunk === 'string') this.#collect(Buffer.from(chunk));
    // A string has an encoding, and whoever gives a callback wants to know of its own chunk.
    else if (
      chunk instanceof Uint8Array &&
      chunk.length <= maxSmall &&
      !rest.some((one) => typeof one === 'function')
    ) {
      this.#collect(chunk);
    } else {
      this.flush();
      this.#write(chunk, ...rest);
    }
  }

  #collect(chunk: Uint8Array): void {
    if (this.#length === 0) process.nextTick(() => this.flush());
    if (this.#length + chunk.length > this.#bytes.length) this.#grow(this.#length + chunk.length);
    if (chunk.length <= 4) for (let i = 0; i < chunk.length; i++) this.#bytes[this.#length + i] = chunk[i]!;
    else this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
  }

  /** Hands over what has been put together. */
  flush(): void {
    if (this.#length === 0) return;
    // A copy, because the socket may keep it for long.
    const chunk = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    if (this.#edit === undefined) {
      this.#write(chunk);
      return;
    }
    const edit = this.#edit;
    this.#edit = undefined;
    this.#write(edit(chunk));
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, needed));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
