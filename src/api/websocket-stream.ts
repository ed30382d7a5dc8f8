import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ByteStream } from '../lib/byte-stream.ts';

/** RFC 6455 § 7.4.1. */
const closeCode = { normal: 1000, unsupportedData: 1003 };
/** Chunks that are written together up to this size are one message. */
const maxTogether = 64 * 1024;

/**
 * A WebSocket's binary messages as one stream of bytes, in which a packet may begin in one message and end in another
 * (MQTT 5.0 § 6.0). What a slow reader leaves unread stays in its socket; what it does not take is counted as a TCP socket counts it.
 */
export class WebSocketStream extends Duplex implements ByteStream {
  readonly localAddress: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;

  constructor(webSocket: WebSocket, socket: Socket) {
    super({ allowHalfOpen: false });
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.localAddress = socket.localAddress;
    this.remoteAddress = socket.remoteAddress;
    webSocket.binaryType = 'nodebuffer';
    webSocket.on('message', (data, isBinary) => {
      if (!isBinary) {
        webSocket.close(closeCode.unsupportedData, 'Only binary messages are taken.');
        this.destroy(new Error('a WebSocket message is text'));
      } else if (!this.push(data)) {
        webSocket.pause();
      }
    });
    webSocket.on('error', (error) => this.destroy(error));
    webSocket.on('close', () => {
      if (!this.readableEnded) this.push(null);
      this.destroy();
    });
  }

  /** Bytes written, as a socket counts them: what waits here, and what the operating system has taken of the WebSocket. */
  get bytesWritten(): number {
    return this.writableLength + this.#socket.bytesWritten - this.#socket.writableLength;
  }

  override _read(): void {
    this.#webSocket.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#webSocket.send(chunk, { binary: true }, done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    let small: Uint8Array[] = [];
    let length = 0;
    for (const { chunk } of chunks) {
      if (length + chunk.length > maxTogether && length > 0) {
        this.#webSocket.send(Buffer.concat(small), { binary: true });
        small = [];
        length = 0;
      }
      small.push(chunk);
      length += chunk.length;
    }
    this.#webSocket.send(Buffer.concat(small), { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#webSocket.close(closeCode.normal);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Whoever does not answer the close in time is cut off: `closeTimeout` of the server.
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.close(closeCode.normal);
    else if (this.#webSocket.readyState === this.#webSocket.CLOSING) this.#webSocket.resume();
    done(error);
  }
}
