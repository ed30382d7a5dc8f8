import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { HeadgateError } from '../core/errors.ts';
import type { Interval } from '../lib/intervals.ts';
import { RecordReader } from '../wire/record-reader.ts';
import { type NatsAddress, natsText } from './nats-address.ts';
import { connectNats, natsError } from './nats-connection.ts';
import { Gateways, type Served } from './nats-gateways.ts';
import { RecordMessages, type StagedRecord } from './nats-messages.ts';
import { Publisher } from './nats-publisher.ts';
import { ensureStream, progressBucket } from './nats-streams.ts';
import { type NatsOptions, natsDefaults } from './options.ts';
import type { Peer } from './session.ts';
import type { AsyncSink, Delivery, Outcome } from './sink.ts';
import { commitSound, refuseMalformed, Staging } from './staging.ts';
import { welcomeRuns } from './welcome-runs.ts';

/** What is published at once: bounds the memory of a commit, and the time between what is noted and what is done. */
const maxSliceBytes = 1 << 20;
/** How long NATS may say nothing. */
const usualPatienceMs = 5_000;
/** Twice what a message may be on its way before its connection is given up. */
const minWindowMs = 4 * usualPatienceMs;
/** How long a gateway is quiet before the store is told that nothing of it is open. */
const quietMs = 1_000;

interface Open {
  readonly connection: NatsConnection;
  readonly publisher: Publisher;
  readonly gateways: Gateways;
  readonly messages: RecordMessages;
  readonly windowMs: number;
  readonly timer: NodeJS.Timeout;
  /** Whether something failed, so that nobody knows what is under way. */
  isBroken: boolean;
  /** Of the last message known to be in the stream. */
  lastSequence: number;
}

/**
 * Records as messages of a JetStream stream, before which any number of collectors may run: none of them keeps anything.
 *
 * How a record gets there once, although a stream and the store of progress can't be written together: (1) what is going
 * to be published is noted in the gateway's progress, by compare-and-set; (2) it is published, and JetStream
 * acknowledges it; (3) the gateway is told. The next note says that it is done. Whoever finds a note of somebody else
 * first makes the gateway his own, so that the other can begin nothing more, and then asks the stream what is there. What
 * the other still had on its way the stream knows by its number: that is what its duplicate window is for, and all.
 *
 * A connection that fails is never made anew: what it had not sent yet would arrive when nobody expects it any more.
 */
export class NatsSink implements AsyncSink {
  readonly #address: NatsAddress;
  readonly #options: NatsOptions;
  readonly #note: (message: string) => void;
  readonly #patienceMs: number;
  readonly #holder = randomUUID();
  readonly #reader = new RecordReader();
  #open: Open | undefined;
  #reopening: Promise<void> | undefined;
  /** What is done one after the other: commits, and the notes that something is done. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param note told, for the log, what is wrong with the stream
   * @param patienceMs how long NATS may say nothing
   */
  constructor(
    address: NatsAddress,
    options: NatsOptions | undefined,
    note: (message: string) => void,
    patienceMs = usualPatienceMs,
  ) {
    this.#address = address;
    this.#patienceMs = patienceMs;
    this.#options = options ?? natsDefaults;
    this.#note = note;
  }

  async open(): Promise<void> {
    const { credentials, ca, cert, key } = this.#options;
    const connection = await connectNats(this.#address, {
      identity: { credentials, ca, cert, key },
      name: `headgate-collector ${this.#holder}`,
      reconnect: false,
    });
    try {
      this.#open = await this.#prepare(connection);
    } catch (error) {
      await connection.close();
      throw natsError(this.#address, error);
    }
  }

  async progress(gateway: string, epoch: string, from: number, limit: number): Promise<readonly Interval[]> {
    const open = await this.#opened();
    try {
      return welcomeRuns(await open.gateways.greet({ gateway, epoch }), from, limit);
    } catch (error) {
      open.isBroken = true;
      throw natsError(this.#address, error);
    }
  }

  async commit(deliveries: readonly Delivery[]): Promise<readonly Outcome[]> {
    return await this.#alone(async (open) => {
      const outcomes: Outcome[] = [];
      for (const slice of slices(deliveries)) outcomes.push(...(await this.#commit(open, slice)));
      return outcomes;
    });
  }

  async close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    clearInterval(open.timer);
    try {
      if (!open.isBroken) await this.#alone(() => open.gateways.complete(Number.POSITIVE_INFINITY));
    } catch {
      // What is noted is true without it: it would have spared the next collector a look at the stream.
    }
    this.#open = undefined;
    await open.connection.close();
  }

  async #prepare(connection: NatsConnection): Promise<Open> {
    const { stream, replicas } = this.#options;
    const timeout = this.#patienceMs;
    const client = jetstream(connection, { timeout });
    const manager = await jetstreamManager(connection, { timeout });
    const found = await ensureStream(manager, this.#options, minWindowMs, this.#note);
    const bucket = progressBucket(this.#options);
    // Read from the leader alone: a copy may not have heard yet of what was put a moment ago.
    const kv = await new Kvm(client).create(bucket, { replicas, storage: StorageType.File, allow_direct: false });
    if ((await kv.status()).storage !== StorageType.File) {
      throw new HeadgateError(
        'config.invalid',
        `The bucket ${bucket} of NATS is kept in memory: make it anew on disk.`,
      );
    }
    const publisher = new Publisher(connection, timeout);
    publisher.open();
    const holder = this.#holder;
    const windowMs = found.duplicateWindowMs;
    const gateways = new Gateways({ client, kv, publisher, bucket, stream, holder, duplicateWindowMs: windowMs });
    const maxBytes = Math.min(
      found.maxMessageBytes ?? Number.POSITIVE_INFINITY,
      connection.info?.max_payload ?? 1 << 20,
    );
    const messages = new RecordMessages(maxBytes);
    const timer = setInterval(() => void this.#complete(), quietMs);
    return {
      connection,
      publisher,
      gateways,
      messages,
      windowMs,
      timer,
      isBroken: false,
      lastSequence: found.lastSequence,
    };
  }

  async #commit(open: Open, slice: readonly Delivery[]): Promise<Outcome[]> {
    const { publisher, gateways, messages } = open;
    const peers = distinct(slice);
    // From here on the clock runs: what is not in the stream now must be published before the stream may have forgotten
    // what somebody else publishes meanwhile.
    const deadline = performance.now() + open.windowMs / 2;
    const taken = await gateways.take([...peers.values()]);
    const byName = new Map([...peers.keys()].map((name, i) => [name, taken[i]]));
    const ours = slice.filter((delivery) => byName.get(nameOf(delivery)) !== undefined);
    let records: StagedRecord[] = [];
    let staging = new Staging<Served>(this.#reader);
    const staged = commitSound(ours, (sound) => {
      records = [];
      staging = new Staging<Served>(this.#reader);
      return sound.map((delivery) =>
        refuseMalformed(delivery, () => {
          const served = byName.get(nameOf(delivery))!;
          return staging.add(served, delivery.upload, (record) => records.push({ served, record }));
        }),
      );
    });
    const fresh = new Map(staging.fresh());
    const lost = await gateways.intend(fresh, open.lastSequence);
    const going = lost.size === 0 ? records : records.filter(({ served }) => !lost.has(served));
    const { each } = await publisher.publish(messages.of(going), deadline);
    for (const answer of each) {
      if (typeof answer === 'number') open.lastSequence = Math.max(open.lastSequence, answer);
      else
        throw new HeadgateError(
          'sink.failed',
          `NATS at ${natsText(this.#address)} refused a record: ${answer.reason} (${answer.code}).`,
        );
    }
    for (const [served, runs] of fresh) if (!lost.has(served)) gateways.settle(served, runs);
    const outcomes = new Map(ours.map((delivery, i) => [delivery, staged[i]!]));
    return slice.map((delivery) => {
      const served = byName.get(nameOf(delivery));
      return served === undefined || lost.has(served) ? { name: 'moved' } : outcomes.get(delivery)!;
    });
  }

  async #complete(): Promise<void> {
    try {
      await this.#alone((open) => open.gateways.complete(performance.now() - quietMs));
    } catch {
      // What is noted stays true; and the next commit fails on the connection, which is closed, and says why.
      await this.#open?.connection.close();
    }
  }

  /** Does it when all that was asked for before is done. @throws HeadgateError */
  async #alone<T>(work: (open: Open) => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => await work(await this.#opened()));
    // Who asked is told; who comes next only waits for it.
    this.#last = done.catch(() => {});
    try {
      return await done;
    } catch (error) {
      if (this.#open !== undefined) this.#open.isBroken = true;
      throw natsError(this.#address, error);
    }
  }

  /** A connection that was lost while nothing was under way is no failure: nobody was told anything by it. */
  async #opened(): Promise<Open> {
    if (this.#open?.connection.isClosed() && !this.#open.isBroken) {
      this.#reopening ??= this.#reopen(this.#open).finally(() => {
        this.#reopening = undefined;
      });
      await this.#reopening;
    }
    if (this.#open === undefined) throw new HeadgateError('sink.failed', 'The connection to NATS is closed.');
    return this.#open;
  }

  async #reopen({ timer }: Open): Promise<void> {
    clearInterval(timer);
    await this.open();
  }
}

/** Deliveries in groups of a bounded size, in order. */
function* slices(deliveries: readonly Delivery[]): Generator<readonly Delivery[]> {
  let slice: Delivery[] = [];
  let bytes = 0;
  for (const delivery of deliveries) {
    if (slice.length > 0 && bytes + delivery.upload.byteLength > maxSliceBytes) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(delivery);
    bytes += delivery.upload.byteLength;
  }
  if (slice.length > 0) yield slice;
}

function distinct(deliveries: readonly Delivery[]): Map<string, Peer> {
  return new Map(deliveries.map(({ gateway, epoch }) => [nameOf({ gateway, epoch }), { gateway, epoch }]));
}

function nameOf({ gateway, epoch }: Peer): string {
  return JSON.stringify([gateway, epoch]);
}
