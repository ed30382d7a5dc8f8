import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { command, greeting, haggle, Intake, problem, type Request, simpleReply, takeRequest } from './nbd-wire.ts';
import type { Cut, Kept, VolatileDisk } from './volatile-disk.ts';

/** How the disk behaves. */
export type Condition =
  | { readonly kind: 'well' }
  /** Each flush takes this long, and everything that is asked meanwhile waits, as a card is busy then. */
  | { readonly kind: 'slow'; readonly flushMs: number }
  /** Writes and flushes fail with EIO; what is there can be read. So ends the life of many cards. */
  | { readonly kind: 'read-only' }
  /** No power: nobody is connected, and nobody can be. */
  | { readonly kind: 'off' };

/** One with power. */
export type Running = Exclude<Condition, { kind: 'off' }>;

/** A client that asks faster than it is answered is not read from beyond so many requests. */
const maxWaiting = 64;
/** Zeroes are cached up to this length; more is written at once, as a card may. */
const maxZeroBytes = 2 ** 20;

interface Waiting {
  readonly request: Request;
  readonly socket: Socket;
}

/** Serves a {@link VolatileDisk} over NBD at a socket of the file system, one request after the other. */
export class NbdServer {
  readonly #disk: VolatileDisk;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();
  #waiting: Waiting[] = [];
  #server: Server | undefined;
  #condition: Condition = { kind: 'well' };
  #flushing: NodeJS.Timeout | undefined;

  /** @param path of the socket */
  constructor(disk: VolatileDisk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** A slow flush is under way. */
  get isBusy(): boolean {
    return this.#flushing !== undefined;
  }

  set(condition: Running): void {
    this.#condition = condition;
  }

  async start(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, resolve);
    });
  }

  async stop(): Promise<void> {
    this.#disconnect();
    const server = this.#server;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    rmSync(this.#path, { force: true });
  }

  /** Cuts the power: from this moment on nothing is answered. {@link set} turns it on again. */
  cut(kept: Kept): Cut {
    this.#condition = { kind: 'off' };
    this.#disconnect();
    return this.#disk.cut(kept);
  }

  #disconnect(): void {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    this.#waiting = [];
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #accept(socket: Socket): void {
    if (this.#condition.kind === 'off') {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A client that was killed resets its connection; `close` follows.
    socket.on('error', () => {});
    const intake = new Intake();
    let stage: 'flags' | 'options' | 'requests' = 'flags';
    let isWithoutZeroes = false;
    socket.write(greeting());
    socket.on('data', (chunk) => {
      intake.push(chunk);
      if (stage === 'flags') {
        const flags = intake.take(4);
        if (flags === undefined) return;
        isWithoutZeroes = (flags.readUInt32BE(0) & 2) !== 0;
        stage = 'options';
      }
      while (stage === 'options') {
        const haggled = haggle(intake, this.#disk.sizeBytes, isWithoutZeroes);
        if (haggled.kind === 'incomplete') return;
        if (haggled.kind === 'over') {
          socket.end(haggled.answer);
          return;
        }
        socket.write(haggled.answer);
        if (haggled.kind === 'agreed') stage = 'requests';
      }
      this.#takeRequests(socket, intake);
    });
  }

  #takeRequests(socket: Socket, intake: Intake): void {
    try {
      for (let request = takeRequest(intake); request !== undefined; request = takeRequest(intake)) {
        if (request.kind === command.disconnect) {
          socket.end();
          return;
        }
        this.#waiting.push({ request, socket });
      }
    } catch (error) {
      // A client that can't be understood is let go, and finds out by that; tests of the machine fail then.
      process.stderr.write(`volatile disk: ${(error as Error).message}\n`);
      socket.destroy();
      return;
    }
    if (this.#waiting.length > maxWaiting) for (const one of this.#sockets) one.pause();
    this.#work();
  }

  #work(): void {
    while (this.#flushing === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        for (const socket of this.#sockets) if (socket.isPaused()) socket.resume();
        return;
      }
      const condition = this.#condition;
      const { request } = next;
      if (condition.kind === 'slow' && (request.kind === command.flush || request.isFua)) {
        this.#flushing = setTimeout(() => {
          this.#flushing = undefined;
          this.#answer(next);
          this.#work();
        }, condition.flushMs);
        return;
      }
      this.#answer(next);
    }
  }

  #answer({ request, socket }: Waiting): void {
    const { kind, cookie, offset, length, payload, isFua } = request;
    const isRefused = this.#condition.kind === 'read-only' && kind !== command.read;
    if (isRefused) {
      socket.write(simpleReply(cookie, problem.io));
      return;
    }
    if (kind !== command.flush && !this.#disk.isWithin(offset, length)) {
      socket.write(simpleReply(cookie, problem.invalid));
      return;
    }
    switch (kind) {
      case command.read:
        socket.write(Buffer.concat([simpleReply(cookie), this.#disk.read(offset, length)]));
        return;
      case command.write:
        if (length > 0) this.#disk.write(offset, payload, isFua);
        break;
      case command.flush:
        this.#disk.flush();
        break;
      case command.trim:
        // What was trimmed reads as anything; here as it was, which is one of the things that cards do.
        break;
      case command.writeZeroes:
        this.#zero(offset, length, isFua);
        break;
      default:
        socket.write(simpleReply(cookie, problem.invalid));
        return;
    }
    socket.write(simpleReply(cookie));
  }

  #zero(offset: number, length: number, isFua: boolean): void {
    const zeroes = Buffer.alloc(Math.min(length, maxZeroBytes));
    const isDurable = isFua || length > maxZeroBytes;
    for (let at = 0; at < length; at += zeroes.length) {
      const piece = zeroes.subarray(0, Math.min(zeroes.length, length - at));
      // What is zero already, a hole most often, stays one.
      if (isDurable && !isFua && this.#disk.read(offset + at, piece.length).equals(piece)) continue;
      this.#disk.write(offset + at, piece, isDurable);
    }
  }
}
