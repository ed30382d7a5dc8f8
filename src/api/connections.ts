import type { Server, Socket } from 'node:net';

/**
 * The connections of the HTTP server, in two kinds with a bound each: those on which requests come, and those that stay open, as
 * WebSockets or event streams. However many of the one kind there are, the other has its room.
 */
export class Connections {
  readonly #maxPlain: number;
  readonly #maxLasting: number;
  #all = 0;
  #lasting = 0;

  constructor(maxPlain: number, maxLasting: number) {
    this.#maxPlain = maxPlain;
    this.#maxLasting = maxLasting;
  }

  /** Those that stay open. */
  get lasting(): number {
    return this.#lasting;
  }

  /** Further plain connections are closed at once. */
  attach(server: Server): void {
    server.on('connection', (socket: Socket) => {
      if (this.#all - this.#lasting >= this.#maxPlain) {
        socket.destroy();
        return;
      }
      this.#all++;
      socket.once('close', () => this.#all--);
    });
  }

  /**
   * A connection is to stay open from now on.
   *
   * @returns takes that back, for one that will not after all; undefined: there is no room for it
   */
  keep(socket: Socket): (() => void) | undefined {
    if (this.#lasting >= this.#maxLasting) return undefined;
    this.#lasting++;
    let isKept = true;
    const leave = (): void => {
      if (isKept) this.#lasting--;
      isKept = false;
      socket.off('close', leave);
    };
    socket.once('close', leave);
    return leave;
  }
}
