import type { Duplex } from 'node:stream';

/** A connection as a stream of bytes: a TCP socket, or what stands for one. */
export interface ByteStream extends Duplex {
  /** Bytes that were written to it, those that still wait among them. */
  readonly bytesWritten: number;
  /** Our end's IP address. */
  readonly localAddress?: string | undefined;
  /** The other end's. */
  readonly remoteAddress?: string | undefined;
}
