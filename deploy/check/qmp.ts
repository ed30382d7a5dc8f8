import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { within } from '../../test/support/wait.ts';

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** QEMU's monitor, one JSON object a line (https://www.qemu.org/docs/master/interop/qmp-spec.html). QEMU connects to it. */
export class Qmp {
  readonly #path: string;
  readonly #pending = new Map<number, Pending>();
  readonly #ready: Promise<void>;
  #isReady!: () => void;
  #server: Server | undefined;
  #socket: Socket | undefined;
  #nextId = 1;
  /** Names of what happened, in order: RESET, SHUTDOWN, WATCHDOG, … */
  readonly events: string[] = [];

  constructor(path: string) {
    this.#path = path;
    this.#ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
  }

  async start(): Promise<void> {
    const server = createServer((socket) => {
      this.#socket = socket;
      createInterface({ input: socket }).on('line', (line) => this.#heard(JSON.parse(line) as Answer));
      socket.on('error', () => {});
      socket.on('close', () => {
        for (const { reject } of this.#pending.values()) reject(new Error('QEMU is gone'));
        this.#pending.clear();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, resolve);
    });
  }

  stop(): void {
    this.#socket?.destroy();
    this.#server?.close();
  }

  /** @throws an Error with QEMU's own words, or when it has not answered within 30 s */
  async command(execute: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    await within(30_000, 'the monitor', this.#ready);
    return await within(30_000, `QEMU's answer to ${execute}`, this.#ask(execute, args));
  }

  #ask(execute: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket?.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
    });
  }

  #heard(answer: Answer): void {
    if (Object.hasOwn(answer, 'QMP')) {
      void this.#ask('qmp_capabilities', {}).then(this.#isReady, () => {});
      return;
    }
    if (answer.event !== undefined) this.events.push(answer.event);
    if (answer.id === undefined) return;
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.error !== undefined) pending?.reject(new Error(answer.error.desc));
    else pending?.resolve(answer.return);
  }
}
