import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { monotonicMs } from './load-protocol.ts';
import { connectPacket, publishPacket } from './mqtt-bytes.ts';

/** Publishes at a steady rate, and looks in the collector's file for what it published: how long each took to get there. */
export class LiveProbe {
  readonly #perSecond: number;
  readonly #sentAt: number[] = [];
  readonly #delays: number[] = [];
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #fd: number | undefined;
  #offset = 0;
  #rest = '';
  #since = 0;
  readonly #chunk = Buffer.alloc(4 << 20);

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Begins to publish. */
  async start(mqttPort: number): Promise<void> {
    const socket = connect({ port: mqttPort, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    socket.write(connectPacket('live-probe'));
    await new Promise<void>((resolve, reject) => {
      socket.once('data', () => resolve());
      socket.once('error', reject);
    });
    socket.resume();
    const startedAt = monotonicMs();
    this.#timer = setInterval(() => {
      // A message's time begins when it was due, not when the timer got round to it.
      for (;;) {
        const n = this.#sentAt.length;
        const dueAt = startedAt + (n * 1000) / this.#perSecond;
        if (dueAt > monotonicMs()) break;
        this.#sentAt.push(dueAt);
        const payload = JSON.stringify({ n, temperature: 20 + (n % 100) / 10, humidity: 40, state: 'steady' });
        socket.write(publishPacket(`live/device-${n % 10}`, payload, 1 + (n % 65_535)));
      }
      this.#look();
    }, 1);
  }

  /** From here on the collector writes to this file. */
  follow(path: string): void {
    this.#fd = openSync(path, 'r');
  }

  /** Only messages that are due from now on count. */
  begin(): void {
    this.#since = monotonicMs();
    this.#delays.length = 0;
  }

  /** In milliseconds, of all that have arrived since {@link begin}. */
  get delays(): readonly number[] {
    return this.#delays;
  }

  /** Publishes no more, and waits until all has arrived. @throws an Error when it does not */
  async end(): Promise<number> {
    clearInterval(this.#timer);
    const limit = monotonicMs() + 30_000;
    let arrived = 0;
    for (; arrived < this.#sentAt.length; arrived = this.#arrived) {
      if (monotonicMs() > limit) throw new Error(`${this.#sentAt.length - arrived} live messages have not arrived`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      this.#look();
    }
    this.#socket?.destroy();
    if (this.#fd !== undefined) closeSync(this.#fd);
    return this.#sentAt.length;
  }

  #arrived = 0;

  /** Reads what the file has got more, and takes the time of what is ours. */
  #look(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    const { size } = fstatSync(fd);
    while (this.#offset < size) {
      const length = readSync(fd, this.#chunk, 0, Math.min(this.#chunk.length, size - this.#offset), this.#offset);
      this.#offset += length;
      this.#scan(this.#chunk.subarray(0, length));
    }
  }

  #scan(chunk: Buffer): void {
    const now = monotonicMs();
    const firstBreak = chunk.indexOf(0x0a);
    const lastBreak = chunk.lastIndexOf(0x0a);
    if (firstBreak === -1) {
      this.#rest += chunk.toString('latin1');
      return;
    }
    this.#line(this.#rest + chunk.toString('latin1', 0, firstBreak), now);
    this.#rest = chunk.toString('latin1', lastBreak + 1);
    for (let at = chunk.indexOf('"live/device-', firstBreak); at !== -1 && at < lastBreak; ) {
      const end = chunk.indexOf(0x0a, at);
      this.#line(chunk.toString('latin1', chunk.lastIndexOf(0x0a, at) + 1, end), now);
      at = chunk.indexOf('"live/device-', end);
    }
  }

  #line(text: string, now: number): void {
    if (!text.includes('"live/device-')) return;
    const { fields } = JSON.parse(text) as { fields: { name: string; number?: number; integer?: string }[] };
    const n = Number(fields.find(({ name }) => name === 'n')?.number ?? Number.NaN);
    const sentAt = this.#sentAt[n];
    if (sentAt === undefined) throw new Error(`the collector has a live message that was not sent: ${text}`);
    this.#arrived++;
    if (sentAt >= this.#since) this.#delays.push(now - sentAt);
  }
}
