import { JetStreamApiError, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm, type KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection, QueuedIterator } from '@nats-io/transport-node';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import type { NatsAddress } from './nats-address.ts';
import { connectNats, type NatsIdentity, natsError } from './nats-connection.ts';
import { stateBucket } from './nats-streams.ts';
import { type NatsOptions, natsDefaults } from './options.ts';
import type { StateEntry, StateStore } from './state-store.ts';

type Listener = (key: string, value: Uint8Array | undefined) => void;

export interface NatsStateOptions {
  /** Of the key-value store. Created when it is missing. */
  readonly bucket: string;
  /** Servers that keep a copy each: 1, 3 or 5. */
  readonly replicas: number;
  readonly identity?: NatsIdentity | undefined;
}

const requestTimeoutMs = 5_000;
/** How long the watch waits before it is set up again after it failed. */
const retryMs = 500;
/** Markers of deleted keys go after this time: whoever watches has seen them, or lists anew. */
const markersKeptMs = 3_600_000;

/** The state that several collectors share, in a key-value store of NATS JetStream. */
export class NatsStateStore implements StateStore {
  readonly #address: NatsAddress;
  readonly #options: NatsStateOptions;
  readonly #log: Log;
  readonly #connection: NatsConnection;
  readonly #kv: KV;
  readonly #listeners = new Map<string, Set<Listener>>();
  /** The newest change that is known here: the watch begins behind it. */
  #seen: number;
  #watching: Promise<void> | undefined;
  #changes: QueuedIterator<KvWatchEntry> | undefined;
  /** Ends the pause before the next attempt to watch. */
  #wake: () => void = () => {};
  #isClosed = false;
  #isConnected = true;

  private constructor(opened: Opened, address: NatsAddress, options: NatsStateOptions, log: Log) {
    this.#address = address;
    this.#options = options;
    this.#log = log;
    this.#connection = opened.connection;
    this.#kv = opened.kv;
    this.#seen = opened.lastRevision;
  }

  /** @throws HeadgateError `sink.failed`, `config.invalid` */
  static async open(address: NatsAddress, options: NatsStateOptions, log: Log): Promise<NatsStateStore> {
    const { identity } = options;
    const connection = await connectNats(address, { identity, name: 'headgate-collector state', reconnect: true });
    try {
      const opened = await openBucket(connection, options);
      const store = new NatsStateStore(opened, address, options, log);
      await store.#dropMarkers();
      void store.#followConnection();
      return store;
    } catch (error) {
      await connection.close();
      throw natsError(address, error);
    }
  }

  async get(key: string): Promise<StateEntry | undefined> {
    return await this.#guard(async () => {
      const entry = await this.#kv.get(key);
      return entry?.operation === 'PUT' ? entryOf(entry) : undefined;
    });
  }

  async list(space: string): Promise<readonly StateEntry[]> {
    return await this.#guard(async () => {
      const entries: StateEntry[] = [];
      const history = await this.#kv.history({ key: `${space}.>` });
      for await (const entry of history) if (entry.operation === 'PUT') entries.push(entryOf(entry));
      return entries;
    });
  }

  async put(key: string, value: Uint8Array, expected: number): Promise<number | undefined> {
    return await this.#guard(() =>
      unlessSomebodyWasFaster(() => {
        // `create` also knows what to do where a key was deleted and its marker is still there.
        return expected === 0 ? this.#kv.create(key, value) : this.#kv.update(key, value, expected);
      }),
    );
  }

  async delete(key: string, expected: number): Promise<boolean> {
    return await this.#guard(async () => {
      const done = await unlessSomebodyWasFaster(async () => {
        await this.#kv.delete(key, { previousSeq: expected });
        return true;
      });
      return done === true;
    });
  }

  watch(space: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(space) ?? new Set();
    this.#listeners.set(space, listeners.add(listener));
    this.#watching ??= this.#watch();
    return () => listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#changes?.stop();
    this.#wake();
    await this.#connection.close();
    await this.#watching;
  }

  /** Reads changes for as long as the store is open: after each failure from where it was. */
  async #watch(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const changes = await this.#kv.watch({ resumeFromRevision: this.#seen + 1 });
        this.#changes = changes;
        for await (const entry of changes) this.#tell(entry);
      } catch (error) {
        if (this.#isClosed) return;
        this.#log.debug({ reason: messageOf(error) }, "Changes of the collectors' state can't be watched at present.");
      }
      if (!this.#isClosed) await this.#pause();
    }
  }

  async #followConnection(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') this.#isConnected = false;
      if (type !== 'reconnect') continue;
      this.#isConnected = true;
      // A server that was started anew knows nothing of a watch.
      this.#changes?.stop();
      this.#wake();
    }
  }

  #tell(entry: KvWatchEntry): void {
    if (entry.revision <= this.#seen) return;
    this.#seen = entry.revision;
    const space = entry.key.slice(0, entry.key.indexOf('.'));
    const value = entry.operation === 'PUT' ? entry.value : undefined;
    for (const listener of this.#listeners.get(space) ?? []) listener(entry.key, value);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, retryMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #dropMarkers(): Promise<void> {
    const streams = await jetstreamManager(this.#connection, { checkAPI: false, timeout: requestTimeoutMs });
    const history = await this.#kv.history();
    const before = Date.now() - markersKeptMs;
    for await (const { operation, created, key } of history) {
      if (operation === 'PUT' || created.getTime() > before) continue;
      const { bucket } = this.#options;
      await streams.streams.purge(`KV_${bucket}`, { filter: `$KV.${bucket}.${key}` });
    }
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      throw new HeadgateError('sink.failed', "The collectors' state is closed: the collector is stopping.");
    }
    // At once, and not when the library's patience is over: by then nobody waits any more.
    if (!this.#isConnected) throw natsError(this.#address, new Error('the connection is lost; trying again'));
    try {
      return await work();
    } catch (error) {
      throw natsError(this.#address, error);
    }
  }
}

/** The state that all collectors before one NATS share. @throws HeadgateError as {@link NatsStateStore.open} */
export async function openNatsState(
  address: NatsAddress,
  options: NatsOptions = natsDefaults,
  log: Log,
): Promise<NatsStateStore> {
  const { replicas, credentials, ca, cert, key } = options;
  const identity = { credentials, ca, cert, key };
  return await NatsStateStore.open(address, { bucket: stateBucket(options), replicas, identity }, log);
}

interface Opened {
  readonly connection: NatsConnection;
  readonly kv: KV;
  readonly lastRevision: number;
}

async function openBucket(connection: NatsConnection, { bucket, replicas }: NatsStateOptions): Promise<Opened> {
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  // Read from the leader alone: a copy may not have heard yet of what was put a moment ago.
  const kv = await new Kvm(client).create(bucket, { replicas, storage: StorageType.File, allow_direct: false });
  const { streamInfo } = await kv.status();
  return { connection, kv, lastRevision: streamInfo.state.last_seq };
}

function entryOf({ key, value, revision }: KvEntry): StateEntry {
  return { key, value, revision };
}

/** JetStream's code for "something else is there than you expect", which the library names, and 10164 on newer servers. */
const conflicts: readonly number[] = [10071, 10164];

async function unlessSomebodyWasFaster<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof JetStreamApiError && conflicts.includes(error.code)) return undefined;
    throw error;
  }
}
