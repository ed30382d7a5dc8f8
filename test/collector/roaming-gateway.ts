import type { Interval } from '../../src/lib/intervals.ts';
import { Intervals } from '../../src/lib/intervals.ts';
import type { Random } from '../support/random.ts';
import { TestGateway } from './client.ts';

const recordsUnderWay = 400;
const maxBatch = 40;

/**
 * A gateway that never has enough: it sends records, in batches that it cuts anew each time, keeps what is not
 * acknowledged, and goes to the next collector whenever its stream ends, or it is told to.
 */
export class RoamingGateway {
  readonly name: string;
  readonly acknowledged = new Intervals();
  readonly #addresses: readonly string[];
  readonly #random: Random;
  readonly #running: Promise<void>;
  #at: number;
  #client: TestGateway | undefined;
  /** The last one that was ever sent. */
  last = 0;
  #isMore = true;
  #isStopped = false;
  /** How streams ended, each reason once. */
  readonly ends = new Set<string>();

  constructor(name: string, addresses: readonly string[], random: Random, at: number) {
    this.name = name;
    this.#addresses = addresses;
    this.#random = random;
    this.#at = at;
    this.#running = this.#run();
  }

  get count(): number {
    return [...this.acknowledged].reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** Leaves its stream as it is, with whatever is under way, and goes to the next collector. */
  move(): void {
    this.#client?.close();
  }

  /** Makes no new records; those that there are it sends on. */
  finish(): void {
    this.#isMore = false;
  }

  get isDone(): boolean {
    return !this.#isMore && this.acknowledged.covers(1, this.last);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#client?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const address = this.#addresses[this.#at++ % this.#addresses.length]!;
      const client = new TestGateway(address);
      this.#client = client;
      try {
        const firstWaiting = (this.acknowledged.since(1)[0]?.first === 1 ? this.acknowledged.since(1)[0]!.last : 0) + 1;
        client.hello(this.name, BigInt(firstWaiting), 'e', BigInt(this.last));
        await this.#converse(client, firstWaiting);
      } catch (error) {
        this.ends.add(error instanceof Error ? error.message : String(error));
      }
      client.close();
      await client.status;
      // A collector that is not there answers at once.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #converse(client: TestGateway, firstWaiting: number): Promise<void> {
    const welcome = await client.next();
    if (welcome.$case !== 'welcome') throw new Error(`got ${welcome.$case} instead of a welcome`);
    this.#note(welcome.value.durable);
    let next = firstWaiting;
    let waiting = 0;
    while (!this.#isStopped) {
      while (waiting < recordsUnderWay && (next <= this.last || this.#isMore)) {
        const size = this.#random.between(1, maxBatch);
        const batch = Array.from({ length: size }, (_, i) => next + i).filter((n) => !this.acknowledged.has(n));
        const ends = this.#isMore ? batch : batch.filter((n) => n <= this.last);
        next += size;
        if (ends.length === 0) continue;
        this.last = Math.max(this.last, ends.at(-1)!);
        client.upload([ends], this.name);
        waiting += ends.length;
      }
      const message = await client.next();
      if (message.$case !== 'acknowledge') continue;
      const before = this.count;
      this.#note(message.value.durable);
      waiting -= this.count - before;
    }
  }

  #note(runs: readonly { first: bigint; last: bigint }[]): void {
    for (const { first, last } of runs as readonly { first: bigint; last: bigint }[]) {
      const run: Interval = { first: Number(first), last: Number(last) };
      if (run.last > this.last) throw new Error(`${this.name} was told of ${run.last}, but has sent only ${this.last}`);
      this.acknowledged.add(run.first, run.last);
    }
  }
}
