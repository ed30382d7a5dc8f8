import type { ByteStream } from '../../lib/byte-stream.ts';
import { Outbox } from './outbox.ts';

/** What becomes of one delivery to one subscriber. */
export type Delivery = 'deliver' | 'skip' | 'disconnect';

/**
 * A subscriber that reads slowly must not hold up the others, and what waits for it must not grow without bound. So
 * up to `maxUnsent` bytes wait in its socket as if they had been sent; beyond it a QoS 0 message leaves it out, and
 * a QoS 1 or 2 message, which it must not miss without knowing, ends its connection.
 */
export function deliveryTo(unsentBytes: number, maxUnsent: number, qos: number): Delivery {
  if (unsentBytes <= maxUnsent) return 'deliver';
  return qos === 0 ? 'skip' : 'disconnect';
}

/** The least that may wait in a socket: below its high-water mark it does not say when it is through with it. */
export const minUnsentBytes = 128 * 1024;

const restStepMs = 1_000;

export interface ThrottleLimits {
  /** Messages that may be under way before no more are read from this client. */
  readonly maxInFlight: number;
  /** Bytes that may wait for it to be read; beyond it no more is read from it either. */
  readonly maxUnsent: number;
  /** How long more than that may wait without any of it going. */
  readonly drainTimeoutMs: number;
}

/**
 * Stands between aedes and one socket and does what aedes leaves undone.
 *
 * Reading: aedes reads on while messages are under way, so a slow disk would fill memory. Here a read comes back empty
 * until there is room again; TCP then holds the client back.
 *
 * Writing: aedes passes a message to all its subscribers together and waits for the slowest one's socket, beyond
 * 16 KiB. Here every write says "go on", and whoever does not read at all is disconnected.
 */
export class Throttle {
  readonly #socket: ByteStream;
  readonly #limits: ThrottleLimits;
  readonly #onFrozen: () => void;
  readonly #outbox: Outbox;
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;
  #whileResting: () => void = () => {};

  /** @param onFrozen the client does not read what waits for it; it is being disconnected */
  constructor(socket: ByteStream, limits: ThrottleLimits, onFrozen: () => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onFrozen = onFrozen;
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => (this.#isOpen ? read(size) : null);
    this.#outbox = new Outbox(socket);
    socket.write = (chunk: unknown, ...rest: unknown[]): boolean => {
      this.#outbox.write(chunk, ...rest);
      if (socket.writableLength > limits.maxUnsent) this.#expectProgress();
      return true;
    };
    socket.on('drain', () => this.#drained());
    socket.once('close', () => {
      clearTimeout(this.#timer);
      clearTimeout(this.#rest);
    });
  }

  puback(packetId: number): void {
    this.#outbox.puback(packetId);
    if (this.#socket.writableLength > this.#limits.maxUnsent) this.#expectProgress();
  }

  /** Bytes that wait for the client to be read. */
  get unsent(): number {
    return this.#socket.writableLength + this.#outbox.length;
  }

  /** See {@link Outbox.editFirst}. */
  editFirst(edit: (bytes: Buffer) => Buffer): void {
    this.#outbox.editFirst(edit);
  }

  /** Hands over at once what waits for the end of this turn. */
  flush(): void {
    this.#outbox.flush();
  }

  /** A message of this client is under way. */
  began(): void {
    this.#inFlight++;
  }

  /** One that was under way is settled. */
  ended(): void {
    this.#inFlight--;
    if (this.#inFlight === this.#limits.maxInFlight - 1) this.#readOn();
  }

  /**
   * Nothing more is read from this client for so long: it has sent more than it may in that time. What it has sent is acknowledged meanwhile. A
   * later call counts for more than an earlier one.
   */
  rest(ms: number): void {
    if (this.#socket.destroyed) return;
    clearTimeout(this.#rest);
    const stepMs = Math.min(ms, restStepMs);
    this.#rest = setTimeout(() => {
      this.#whileResting();
      if (ms > stepMs) {
        this.rest(ms - stepMs);
        return;
      }
      this.#rest = undefined;
      this.#readOn();
    }, stepMs);
  }

  /** Has `tell` called once a second while nothing is read because of {@link rest}: what the client says is not heard then. */
  whileResting(tell: () => void): void {
    this.#whileResting = tell;
  }

  get #isOpen(): boolean {
    const isTooMuch =
      this.#inFlight >= this.#limits.maxInFlight || this.#socket.writableLength > this.#limits.maxUnsent;
    return !isTooMuch && this.#rest === undefined;
  }

  #readOn(): void {
    // What came meanwhile waits in the socket, and Node tells of it only once.
    if (!this.#socket.destroyed) this.#socket.emit('readable');
  }

  #drained(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#readOn();
  }

  #expectProgress(): void {
    if (this.#socket.writableLength > this.#limits.maxUnsent * 2) {
      this.#giveUp();
      return;
    }
    if (this.#timer !== undefined) return;
    const sentBefore = sentOf(this.#socket);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#socket.writableLength <= this.#limits.maxUnsent) return;
      // Slow is allowed, frozen is not.
      if (sentOf(this.#socket) === sentBefore) this.#giveUp();
      else this.#expectProgress();
    }, this.#limits.drainTimeoutMs);
  }

  #giveUp(): void {
    if (this.#socket.destroyed) return;
    this.#onFrozen();
    this.#socket.destroy();
  }
}

/** Bytes that the operating system has taken. */
function sentOf(socket: ByteStream): number {
  return socket.bytesWritten - socket.writableLength;
}

/** The connections that have not said CONNECT yet, oldest first: the ones that make room when there is none. */
export class Newcomers {
  readonly #sockets = new Set<ByteStream>();

  add(socket: ByteStream): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** It has said CONNECT and was accepted. */
  settle(socket: ByteStream): void {
    this.#sockets.delete(socket);
  }

  /** Ends the oldest one's connection; false when there is none. */
  evictOldest(): boolean {
    for (const socket of this.#sockets) {
      this.#sockets.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }
}
