import { type EncodedUpload, encodeCompressedUpload } from '../wire/upload.ts';
import { type Compressing, compress, leastBytes, numberOf } from './compression.ts';

export interface OutboxDependencies {
  readonly compressing: Compressing;
  /** Hands a message to the connection. */
  readonly send: (message: Uint8Array) => void;
  /** An upload that was encoded as `plainBytes` went out as `sentBytes`. */
  readonly onSent: (sentBytes: number, plainBytes: number) => void;
}

/** Uploads that are compressed at once: as many as there are threads to do it, or a fast link would wait for one. */
const maxWaiting = 4;

/**
 * The last step before the connection: uploads are compressed in other threads, several at once, and go out in the order
 * in which they came. One that does not become smaller goes as it is, and so do all without a compression, at once.
 */
export class Outbox {
  readonly #deps: OutboxDependencies;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isStopped = false;

  constructor(deps: OutboxDependencies) {
    this.#deps = deps;
  }

  /** It should be given no more until `onSent` says that something has gone. */
  get isFull(): boolean {
    return this.#waiting >= maxWaiting;
  }

  add(encoded: EncodedUpload): void {
    const { compressing } = this.#deps;
    const isWorthIt = compressing !== undefined && encoded.upload.length >= leastBytes;
    if (!isWorthIt && this.#waiting === 0) {
      this.#send(encoded.message, encoded);
      return;
    }
    this.#waiting++;
    const message = isWorthIt ? smaller(encoded, compressing) : Promise.resolve(encoded.message);
    this.#tail = this.#tail
      .then(() => message)
      .then((bytes) => {
        this.#waiting--;
        if (!this.#isStopped) this.#send(bytes, encoded);
      });
  }

  /** Nothing goes out any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves when all that was added has gone. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  #send(message: Uint8Array, encoded: EncodedUpload): void {
    this.#deps.send(message);
    this.#deps.onSent(message.length, encoded.message.length);
  }
}

async function smaller({ message, upload }: EncodedUpload, how: 'zstd' | 'gzip'): Promise<Uint8Array> {
  try {
    const compressed = encodeCompressedUpload(numberOf(how), await compress(upload, how), upload.length);
    return compressed.length < message.length ? compressed : message;
  } catch {
    // No memory for it, most likely: uncompressed it is as good.
    return message;
  }
}
