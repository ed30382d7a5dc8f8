import type { RecordBuffer } from '../../../src/buffer/buffer.ts';
import { lastSequenceOf, type StoredBatch } from '../../../src/core/batch.ts';
import type { Interval } from '../../../src/lib/intervals.ts';

/** How a lane stands with the uplink. */
interface Feed {
  /** The last sequence that was sent in this session. */
  after: number;
  /** `idle`: to be read. `reading`: asked. `live`: all that waits is sent, and what becomes ready goes at once. */
  state: 'idle' | 'reading' | 'live';
  /** Something became ready while it was not live. */
  hasMore: boolean;
  /** Sent and not acknowledged. */
  inFlight: StoredBatch[];
}

const readBytes = 40_000;

/** Sends what waits as the real uplink does, one stream, in order within a lane; the collector at its end is the test's. */
export class FakeUplink {
  readonly #onArrival: (batch: StoredBatch) => void;
  #buffer: RecordBuffer | undefined;
  #feeds = new Map<string, Feed>();
  /** Sent, and not with the collector yet. */
  #onTheWay: StoredBatch[] = [];
  /** With the collector; its acknowledgement has not come. */
  #arrived: StoredBatch[] = [];
  #session = 0;
  isUp = false;
  /** The first thing that was wrong: whoever calls must not be thrown at. */
  failure: Error | undefined;

  /** @param onArrival a batch is durable at the collector, for the first time or again */
  constructor(onArrival: (batch: StoredBatch) => void) {
    this.#onArrival = onArrival;
  }

  attach(buffer: RecordBuffer): void {
    this.disconnect();
    this.#buffer = buffer;
    buffer.onReady((batch) => this.#ready(batch));
  }

  connect(): void {
    this.isUp = true;
  }

  /** What was sent and not acknowledged is forgotten, and will be read again. */
  disconnect(): void {
    this.isUp = false;
    this.#session++;
    this.#feeds = new Map();
    this.#onTheWay = [];
    this.#arrived = [];
  }

  /** Sequences that must not be dropped now. */
  underWay(lane: string): readonly Interval[] {
    const inFlight = this.#feeds.get(lane)?.inFlight ?? [];
    if (inFlight.length === 0) return [];
    return [{ first: inFlight[0]!.firstSequence, last: lastSequenceOf(inFlight.at(-1)!) }];
  }

  get hasUnderWay(): boolean {
    return [...this.#feeds.values()].some(({ inFlight }) => inFlight.length > 0);
  }

  /** Asks for what waits of every lane that is not live. */
  pull(): void {
    if (!this.isUp || this.#buffer === undefined) return;
    for (const { key } of this.#buffer.lanes()) {
      const feed = this.#feed(key);
      if (feed.state === 'idle') void this.#read(this.#buffer, key, feed);
    }
  }

  /** The next `count` batches of the stream reach the collector. */
  arrive(count: number): void {
    for (const batch of this.#onTheWay.splice(0, count)) {
      this.#onArrival(batch);
      this.#arrived.push(batch);
    }
  }

  /** The collector's acknowledgement of some of what it has comes back. */
  acknowledge(pick: (index: number) => boolean): void {
    const acknowledged = this.#arrived.filter((_, index) => pick(index));
    this.#arrived = this.#arrived.filter((batch) => !acknowledged.includes(batch));
    for (const batch of acknowledged) {
      const feed = this.#feed(batch.lane);
      feed.inFlight = feed.inFlight.filter((one) => one !== batch);
    }
    if (acknowledged.length > 0) this.#buffer?.acknowledge(acknowledged);
  }

  async #read(buffer: RecordBuffer, lane: string, feed: Feed): Promise<void> {
    const session = this.#session;
    feed.state = 'reading';
    feed.hasMore = false;
    // A disk that can't be read now is asked again with the next pull.
    const batches = await buffer.read(lane, feed.after, readBytes).catch(() => undefined);
    if (session !== this.#session) return;
    if (batches === undefined) {
      feed.state = 'idle';
      return;
    }
    for (const batch of batches) this.#send(batch, feed);
    feed.state = batches.length === 0 && !feed.hasMore ? 'live' : 'idle';
  }

  #ready(batch: StoredBatch): void {
    if (!this.isUp) return;
    const feed = this.#feed(batch.lane);
    if (feed.state === 'live') this.#send(batch, feed);
    else feed.hasMore = true;
  }

  #send(batch: StoredBatch, feed: Feed): void {
    if (batch.firstSequence <= feed.after) {
      this.failure ??= new Error(`lane ${batch.lane}: ${batch.firstSequence} came when ${feed.after} had been sent`);
    }
    feed.after = lastSequenceOf(batch);
    feed.inFlight.push(batch);
    this.#onTheWay.push(batch);
  }

  #feed(lane: string): Feed {
    let feed = this.#feeds.get(lane);
    if (feed === undefined) {
      feed = { after: 0, state: 'idle', hasMore: false, inFlight: [] };
      this.#feeds.set(lane, feed);
    }
    return feed;
  }
}
