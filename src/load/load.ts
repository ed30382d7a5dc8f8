import { getHeapStatistics } from 'node:v8';
import { HeadgateError } from '../core/errors.ts';
import type { LiveFeed } from '../core/live.ts';
import type { Principal } from '../core/principal.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { Service } from '../lib/service.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import type { LimitsOptions } from './options.ts';
import type { LimitName, LoadStatus } from './status.ts';
import { type LoadState, nextLoad, unloaded } from './verdict.ts';

export interface LoadDependencies {
  readonly options: LimitsOptions;
  /** Of what may wait for the disk in memory, from 0 to 1. */
  readonly pendingShare: () => number;
  /** There is no room for what must not be dropped. */
  readonly isFull: () => boolean;
  /** Lets go of the live readers that are slow. @returns how many they were */
  readonly shedSlow?: (() => number) | undefined;
  readonly now: () => MonotonicMs;
  readonly log: Log;
}

/** Has `end` called when somebody may not be connected any more. @returns takes that back */
type WatchConnection = (principal: Principal, end: () => void) => () => void;
type Rate = Exclude<LimitName, 'connections'>;

const sampleMs = 1_000;
/** How often it is looked how late timers are. */
const lookMs = 250;
const maxCallers = 10_000;
/** What is told to whoever is put off: the level lasts for some seconds at least. */
const retryAfterSeconds = 5;

/** How much one caller may ask for, and what is put off when all of them together ask for more than can be done. */
export class Load implements Service {
  readonly name = 'load';
  readonly #deps: LoadDependencies;
  readonly #buckets: Readonly<Record<Rate, RecentMap<string, TokenBucket>>> = {
    requests: new RecentMap(maxCallers),
    messages: new RecentMap(maxCallers),
    bytes: new RecentMap(maxCallers),
  };
  /** Those of each caller that are open. */
  readonly #connections = new Map<string, number>();
  readonly #shed = { reads: 0, publishes: 0, live: 0 };
  readonly #limited = { requests: 0, messages: 0, bytes: 0, connections: 0 };
  #state: LoadState = unloaded;
  #lateMs = 0;
  #lookedAt: MonotonicMs = 0;
  #sampledAt: MonotonicMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: LoadDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#lookedAt = this.#sampledAt = this.#deps.now();
    this.#timer = setInterval(() => this.look(), lookMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  status(): LoadStatus {
    const { level, reason = null } = this.#state;
    return { level, reason, shed: { ...this.#shed }, limited: { ...this.#limited } };
  }

  /**
   * Counts what a caller wants against what it may have. Whoever is on this machine may have what they like.
   * @param address where it comes from, for those who have not said who they are
   * @throws {HeadgateError} rate.limited, with the time to wait
   */
  take(rate: Rate, amount: number, { id, kind, name }: Principal, address: string): void {
    const perSecond = this.#deps.options[`${rate}PerSecond`];
    if (perSecond === 0 || kind === 'local') return;
    const now = this.#deps.now();
    const waitSeconds = this.#bucketOf(rate, kind === 'nobody' ? `\0${address}` : id, now).take(amount, now);
    if (waitSeconds === 0) return;
    this.#limited[rate]++;
    const who = kind === 'nobody' ? address : name;
    throw new HeadgateError('rate.limited', `${who} has more than ${perSecond} ${rate} a second.`, {
      retryAfterSeconds: Math.ceil(waitSeconds),
    });
  }

  /** Counts one message and its bytes. @throws {HeadgateError} rate.limited */
  readonly admitMessage = (principal: Principal, bytes: number): void => {
    this.take('messages', 1, principal, '');
    this.take('bytes', bytes, principal, '');
  };

  /**
   * For a way in that takes what has come, and slows down who sends too much: counts a message of so many bytes.
   *
   * @returns for how long, in ms, nothing more is to be taken from them. Undefined: they may send as much as they like.
   */
  meterOf({ id, kind }: Principal): ((bytes: number) => number) | undefined {
    const { messagesPerSecond, bytesPerSecond } = this.#deps.options;
    if (kind === 'local' || (messagesPerSecond === 0 && bytesPerSecond === 0)) return undefined;
    return (bytes) => {
      const now = this.#deps.now();
      const waitMs = Math.max(this.#charge('messages', 1, id, now), this.#charge('bytes', bytes, id, now));
      return Math.ceil(waitMs);
    };
  }

  #charge(rate: Rate, amount: number, key: string, now: MonotonicMs): number {
    if (this.#deps.options[`${rate}PerSecond`] === 0) return 0;
    const waitSeconds = this.#bucketOf(rate, key, now).charge(amount, now);
    if (waitSeconds > 0) this.#limited[rate]++;
    return waitSeconds * 1_000;
  }

  #bucketOf(rate: Rate, key: string, now: MonotonicMs): TokenBucket {
    const { options } = this.#deps;
    const perSecond = options[`${rate}PerSecond`];
    let bucket = this.#buckets[rate].get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(perSecond, Math.max(1, (perSecond * options.burst) / 1_000), now);
      this.#buckets[rate].set(key, bucket);
    }
    return bucket;
  }

  /**
   * Counts a connection of somebody.
   *
   * @returns to be called when it is over; again, it does nothing
   * @throws {HeadgateError} connections.limited
   */
  connect({ id, kind, name }: Principal): () => void {
    const { connectionsPerCaller: most } = this.#deps.options;
    if (most === 0 || kind === 'local' || kind === 'nobody') return () => {};
    const open = (this.#connections.get(id) ?? 0) + 1;
    if (open > most) {
      this.#limited.connections++;
      throw new HeadgateError('connections.limited', `${name} has ${most} connections already.`);
    }
    this.#connections.set(id, open);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#connections.get(id) ?? 1) - 1;
      if (left === 0) this.#connections.delete(id);
      else this.#connections.set(id, left);
    };
  }

  /** A watch over connections, which also counts them. It throws when there are too many ({@link connect}). */
  counted(watch: WatchConnection): WatchConnection {
    return (principal, end) => {
      const over = this.connect(principal);
      const forget = watch(principal, end);
      return () => {
        forget();
        over();
      };
    };
  }

  /** A connection was closed because its machine has too many. */
  connectionRefused(): void {
    this.#limited.connections++;
  }

  /** For a read that can wait. @throws {HeadgateError} overload.shed */
  admitRead(): void {
    if (this.#state.level === 'normal') return;
    this.#shed.reads++;
    throw new HeadgateError('overload.shed', this.#state.reason ?? '', { retryAfterSeconds });
  }

  /** A live feed that lets no more readers in while the gateway is overloaded: those would ask, with their cursors, for what they missed. */
  guarded(feed: LiveFeed): LiveFeed {
    return {
      subscribe: (request) => {
        this.#admitReader();
        return feed.subscribe(request);
      },
      lost: (why) => feed.lost(why),
    };
  }

  #admitReader(): void {
    if (this.#state.level !== 'overloaded') return;
    this.#shed.live++;
    throw new HeadgateError('overload.shed', this.#state.reason ?? '', { retryAfterSeconds });
  }

  /** Why a message of priority `bulk` is put off; undefined: it is not. */
  readonly refusalOfBulk = (): HeadgateError | undefined => {
    const isFull = this.#deps.isFull();
    if (this.#state.level !== 'overloaded' && !isFull) return undefined;
    this.#shed.publishes++;
    const reason = isFull ? 'The buffer has no room for what must not be dropped.' : this.#state.reason;
    return new HeadgateError('overload.shed', reason ?? '', { retryAfterSeconds });
  };

  /** Looks how late it is; called four times a second. */
  look(): void {
    const now = this.#deps.now();
    this.#lateMs = Math.max(this.#lateMs, now - this.#lookedAt - lookMs);
    this.#lookedAt = now;
    if (now - this.#sampledAt < sampleMs) return;
    this.#sampledAt = now;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    const sample = { lateMs: this.#lateMs, heapShare: used / limit, pendingShare: this.#deps.pendingShare() };
    this.#lateMs = 0;
    const before = this.#state;
    this.#state = nextLoad(before, sample, { maxLateMs: this.#deps.options.maxDelay });
    if (this.#state.level !== 'normal') this.#shed.live += this.#deps.shedSlow?.() ?? 0;
    if (this.#state.level === before.level) return;
    const { level, reason = 'The gateway can do all that is asked again.' } = this.#state;
    if (level === 'normal') this.#deps.log.info({ load: level }, reason);
    else this.#deps.log.warn({ load: level }, `${reason} Reads that can wait are put off.`);
  }
}
