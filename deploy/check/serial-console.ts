import { appendFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** Escape sequences of firmware and GRUB would move the reader's cursor. */
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?=]*[A-Za-z]`, 'g');

/** What is kept of it to look through, in characters; the file has all. */
const maxKept = 2 ** 20;

/** The other end of a machine's serial line: a socket that QEMU connects to, and a file with all that came. */
export class SerialConsole {
  readonly #socketPath: string;
  readonly #logPath: string;
  readonly #watchers = new Set<() => void>();
  #server: Server | undefined;
  #socket: Socket | undefined;
  /** What came since {@link start}, or the end of it. */
  text = '';

  constructor(socketPath: string, logPath: string) {
    this.#socketPath = socketPath;
    this.#logPath = logPath;
  }

  async start(): Promise<void> {
    const server = createServer((socket) => {
      this.#socket = socket;
      socket.on('data', (bytes) => {
        appendFileSync(this.#logPath, bytes);
        this.text = (this.text + bytes.toString('latin1')).slice(-maxKept);
        for (const watcher of this.#watchers) watcher();
      });
      // The machine was killed.
      socket.on('error', () => {});
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#socketPath, resolve);
    });
  }

  stop(): void {
    this.#socket?.destroy();
    this.#server?.close();
  }

  send(text: string): void {
    this.#socket?.write(text);
  }

  /** The last lines that came, for people. */
  tail(lines = 15): string {
    return this.text
      .replaceAll(escapes, '')
      .split(/[\r\n]+/)
      .slice(-lines)
      .join('\n');
  }

  /**
   * Waits until something matches in what came, from the start or from `from` on.
   *
   * @throws an Error with the last lines, once `timeoutMs` are over
   */
  async waitFor(pattern: RegExp, timeoutMs: number, from = 0): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.text.slice(from));
        if (match === null) return;
        done();
        resolve(match);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`${pattern} did not come within ${timeoutMs} ms; the console's end:\n${this.tail()}`));
      }, timeoutMs);
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }
}
