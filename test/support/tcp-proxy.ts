import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { freePort } from './tcp-port.ts';

/** What the link does to new and existing connections. */
export type LinkFault =
  /** Nothing: bytes go through. */
  | { readonly kind: 'none' }
  /** Nobody listens; existing connections are reset. */
  | { readonly kind: 'refuse' }
  /** Each connection is reset, without warning to either side, once this many bytes went up (towards the target). */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Bytes vanish, and so do FIN and RST: both sides believe that the connection lives. */
  | { readonly kind: 'black-hole'; readonly direction: 'up' | 'down' | 'both' }
  /** This many bytes a second, in each direction of each connection. */
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** Everything that goes up goes to the target twice, over two connections; only the first one's answers come back. */
  | { readonly kind: 'duplicate' }
  /** What open connections have sent so far is sent once more, over connections that nobody listens on. */
  | { readonly kind: 'replay' }
  /** What goes up is held back; after half of `ms` the near side is reset, and after `ms` the far side gets it all. */
  | { readonly kind: 'linger'; readonly ms: number };

interface Link {
  readonly near: Socket;
  readonly far: Socket[];
  /** What went up, from the first byte on, as far as {@link maxKept}. */
  readonly kept: Buffer[];
  up: number;
}

/** Below HTTP/2's first window of 65,535 bytes: more could not come without an answer. */
const maxKept = 60_000;

const sliceMs = 100;
const replayPauseMs = 10;

/** A TCP proxy on loopback whose link can be made as bad as a site's. */
export class TcpProxy {
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #server: Server | undefined;
  #fault: LinkFault = { kind: 'none' };
  /** Where it listens, also while it refuses. */
  readonly port: number;
  connections = 0;
  /** How often the present fault has struck: chunks swallowed or slowed, connections reset, doubled or left behind. */
  hits = 0;
  bytesUp = 0;
  bytesDown = 0;

  private constructor(targetPort: number, port: number) {
    this.port = port;
    this.#targetPort = targetPort;
  }

  static async start(t: TestContext, targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort, await freePort());
    await proxy.#listen();
    atEnd(t, () => proxy.#stop());
    return proxy;
  }

  /** Nothing is connected, and nothing is owed to the target any more. */
  get isIdle(): boolean {
    return this.#sockets.size === 0 && this.#timers.size === 0;
  }

  /** From now on, and for connections that are open already. */
  async set(fault: LinkFault): Promise<void> {
    const before = this.#fault;
    this.#fault = fault;
    this.hits = 0;
    if (fault.kind === 'refuse') await this.#close();
    else if (this.#server === undefined) await this.#listen();
    // A connection that had bytes taken from it, or its far half doubled, is no connection to go on with. Its ends do
    // not hear of it: they are left to find out, as after any outage.
    if (before.kind === 'black-hole') this.#abandon();
    if (before.kind === 'duplicate' || fault.kind === 'duplicate') for (const link of this.#links) this.#reset(link);
    if (fault.kind === 'linger') for (const link of this.#links) this.#linger(link, fault.ms);
    if (fault.kind === 'replay') for (const link of this.#links) this.#replay(link);
  }

  /** Links that were black-holed never carry a byte again. */
  #abandon(): void {
    for (const link of this.#links) {
      link.near.removeAllListeners('data').resume();
      for (const far of link.far) far.removeAllListeners('data').resume();
    }
  }

  async #listen(): Promise<void> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => this.#accept(near));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.#server = server;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const link of this.#links) this.#reset(link);
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const closed = this.#close();
    // Those that are no longer of a link, too: one that nobody reads any more would keep the server open for ever.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(near: Socket): void {
    this.connections += 1;
    const copies = this.#fault.kind === 'duplicate' ? 2 : 1;
    if (copies === 2) this.hits += 1;
    const far = Array.from({ length: copies }, () => this.#dial());
    const link: Link = { near, far, kept: [], up: 0 };
    this.#links.add(link);
    near.on('data', (bytes) => this.#carryUp(link, bytes));
    far[0]?.on('data', (bytes) => this.#carryDown(link, bytes));
    far[1]?.resume();
    this.#own(near);
    for (const socket of [near, ...far]) {
      socket.on('end', () => this.#ended(link, socket));
      socket.on('close', () => this.#ended(link, socket));
    }
  }

  #carryUp(link: Link, bytes: Buffer): void {
    const fault = this.#fault;
    if (fault.kind === 'black-hole' && fault.direction !== 'down') {
      this.hits += 1;
      return;
    }
    if (fault.kind === 'reset' && link.up + bytes.length > fault.afterBytes) {
      this.hits += 1;
      const rest = bytes.subarray(0, Math.max(0, fault.afterBytes - link.up));
      // The last bytes get through, so that the target holds half a batch.
      for (const far of link.far) far.write(rest, () => this.#reset(link));
      link.near.removeAllListeners('data').resume();
      return;
    }
    if (link.up < maxKept) link.kept.push(bytes.subarray(0, maxKept - link.up));
    link.up += bytes.length;
    this.bytesUp += bytes.length;
    for (const far of link.far) this.#carry(link.near, far, bytes);
  }

  #carryDown(link: Link, bytes: Buffer): void {
    const fault = this.#fault;
    if (fault.kind === 'black-hole' && fault.direction !== 'up') {
      this.hits += 1;
      return;
    }
    this.bytesDown += bytes.length;
    this.#carry(link.far[0]!, link.near, bytes);
  }

  #carry(from: Socket, to: Socket, bytes: Buffer): void {
    const fault = this.#fault;
    if (fault.kind === 'throttle') {
      this.hits += 1;
      this.#trickle(from, to, bytes, fault.bytesPerSecond);
    } else if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  }

  /** Passes `bytes` on slice by slice and reads nothing more until they are gone; at once when the fault has ended. */
  #trickle(from: Socket, to: Socket, bytes: Buffer, bytesPerSecond: number): void {
    from.pause();
    const slice = Math.max(1, Math.floor((bytesPerSecond * sliceMs) / 1000));
    const step = (rest: Buffer) => {
      if (to.destroyed || from.destroyed) return;
      const size = this.#fault.kind === 'throttle' ? slice : rest.length;
      to.write(rest.subarray(0, size));
      if (rest.length > size) this.#later(sliceMs, () => step(rest.subarray(size)));
      else this.#later(sliceMs, () => from.resume());
    };
    step(bytes);
  }

  #linger(link: Link, ms: number): void {
    this.hits += 1;
    this.#links.delete(link);
    const owed: Buffer[] = [];
    link.near.removeAllListeners('data').on('data', (bytes) => owed.push(bytes));
    this.#later(ms / 2, () => cut(link.near));
    this.#later(ms, () => {
      // Its answers go nowhere, and are read so that its end is seen.
      for (const far of link.far) far.removeAllListeners('data').resume().end(Buffer.concat(owed));
    });
  }

  #replay(link: Link): void {
    this.hits += 1;
    const far = this.#dial();
    far.resume();
    // One by one, so that the target can answer what it wants to answer before it reads on.
    const step = ([next, ...rest]: readonly Buffer[]) => {
      if (next === undefined || far.destroyed) return;
      far.write(next);
      this.#later(replayPauseMs, () => step(rest));
    };
    step(link.kept);
  }

  #dial(): Socket {
    const far = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true });
    this.#own(far);
    return far;
  }

  /** Every socket is ended with the proxy, and a broken one breaks nothing else: that is how links end. */
  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
  }

  #ended(link: Link, socket: Socket): void {
    if (!this.#links.has(link)) return;
    if (this.#fault.kind === 'black-hole') return;
    const others = socket === link.near ? link.far : [link.near];
    // The second copy of a doubled link has nobody at its other end.
    if (link.far.indexOf(socket) > 0) return;
    for (const other of others) other.end();
    if (socket.destroyed) {
      this.#links.delete(link);
      for (const other of others) this.#later(200, () => other.destroy());
    }
  }

  #reset(link: Link): void {
    this.#links.delete(link);
    for (const socket of [link.near, ...link.far]) cut(socket);
  }

  #later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }
}

/** RST instead of FIN; but not behind a FIN that is on its way, as Node then never lets go of the handle. */
function cut(socket: Socket): void {
  if (socket.writableEnded || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
