import type { Clock } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import { encodeUpload } from '../wire/upload.ts';
import type { Connection } from './connection.ts';
import { Feeds } from './feeds.ts';
import type { LaneFeed } from './lane-feed.ts';
import { load } from './load.ts';
import type { Agreement } from './messages.ts';
import { Scheduler } from './scheduler.ts';
import { Session, type Settled } from './session.ts';
import type { UplinkBuffer } from './source.ts';

export interface SenderDependencies {
  readonly connection: Pick<Connection, 'send'>;
  readonly agreement: Agreement;
  readonly acknowledgeTimeoutMs: number;
  /** The last sequence that had been given out when the connection stood: everything up to it is sent late. */
  readonly historicalUpTo: number;
  readonly buffer: UplinkBuffer;
  readonly clock: Clock;
  readonly log: Log;
  /** Random numbers in [0, 1), for the pauses between attempts to read. */
  readonly random?: () => number;
  /** After all that may have changed where the uplink stands. */
  readonly onChange: () => void;
}

/** A priority that waits for a lower sequence is looked at again after so long: nobody tells when a commit failed. */
const heldBackMs = 50;
/** After so long without an acknowledgement the state says so. */
const stalledAfterMs = 5_000;

/**
 * Sends what waits over one connection, from welcome to its end: feeds, scheduler and session together. What is under
 * way when it ends is forgotten: the buffer still has it.
 */
export class Sender {
  readonly #deps: SenderDependencies;
  readonly #session: Session;
  readonly #scheduler = new Scheduler<LaneFeed>();
  readonly #feeds: Feeds;
  #isBlocked = false;
  #isDraining: boolean;
  #isStopped = false;
  #heldBackTimer: NodeJS.Timeout | undefined;

  constructor(deps: SenderDependencies) {
    this.#deps = deps;
    const { agreement, acknowledgeTimeoutMs, buffer, clock, log, random } = deps;
    const limits = { windowBytes: agreement.windowBytes, acknowledgeTimeoutMs };
    this.#isDraining = buffer.totals.waitingRecords > 0;
    this.#session = new Session(limits, agreement.durable, clock.monotonic());
    this.#feeds = new Feeds({
      buffer,
      now: () => clock.monotonic(),
      log,
      onChange: () => this.#pump(),
      ...(random && { random }),
    });
  }

  start(): void {
    this.#feeds.start();
  }

  /** Takes no more from the buffer; what is under way can still be acknowledged. */
  stop(): void {
    this.#isStopped = true;
    this.#feeds.stop();
    clearTimeout(this.#heldBackTimer);
  }

  /** Takes the collector's acknowledgement: see {@link Session.acknowledged}. The buffer is told. */
  acknowledged(ranges: readonly Interval[]): Settled | { readonly complaint: string } {
    const settled = this.#session.acknowledged(ranges, this.#deps.clock.monotonic());
    if ('complaint' in settled) return settled;
    if (settled.batches.length > 0) this.#deps.buffer.acknowledge(settled.batches);
    this.#pump();
    return settled;
  }

  /** Sends a message that is not records. */
  send(message: Uint8Array): void {
    if (!this.#deps.connection.send(message)) this.#isBlocked = true;
  }

  /** The connection takes more again. */
  drained(): void {
    this.#isBlocked = false;
    this.#pump();
  }

  /** To be called about once a second. */
  tick(): void {
    this.#feeds.tick();
    this.#pump();
  }

  get inFlightBytes(): number {
    return this.#session.inFlightBytes;
  }

  get inFlightCount(): number {
    return this.#session.inFlightCount;
  }

  /** Records from before the connection have not all been sent. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Nothing has been acknowledged for so long that the connection is to be given up. */
  get isDead(): boolean {
    return this.#session.isStalled(this.#deps.clock.monotonic());
  }

  /** Nothing has been acknowledged for a while. */
  get isStalled(): boolean {
    return this.waitedMs > stalledAfterMs;
  }

  get waitedMs(): number {
    return this.#session.waitedMs(this.#deps.clock.monotonic());
  }

  /** What becomes ready now would be sent at once. */
  get hasRoom(): boolean {
    return !this.#isStopped && !this.#isBlocked && this.#session.hasRoom;
  }

  get acknowledgeMs(): number {
    return this.#session.acknowledgeMs(this.#deps.clock.monotonic());
  }

  /** What keeps lanes from being read; undefined when nothing does. */
  get problem(): string | undefined {
    return this.#feeds.problem;
  }

  /** From the first sequence of a lane that is held or was sent and is not acknowledged, to the last. */
  underWay(lane: string): Interval | undefined {
    const held = this.#feeds.held(lane);
    const sent = this.#session.underWay(lane);
    if (held === undefined || sent === undefined) return held ?? sent;
    return { first: Math.min(held.first, sent.first), last: Math.max(held.last, sent.last) };
  }

  /** Sends as long as there is something, the window has room, and the connection takes it. */
  #pump(): void {
    const { connection, historicalUpTo, buffer, clock, onChange } = this.#deps;
    this.#feeds.refresh();
    while (this.hasRoom) {
      const now = clock.monotonic();
      const { upload, durable } = load(this.#feeds.byPriority, this.#scheduler, this.#session, historicalUpTo, now);
      if (upload.length > 0 && !connection.send(encodeUpload(upload))) this.#isBlocked = true;
      if (durable.length > 0) buffer.acknowledge(durable);
      if (upload.length === 0) break;
    }
    if (!this.#isStopped && this.#scheduler.isHeldBack) {
      this.#heldBackTimer ??= setTimeout(() => {
        this.#heldBackTimer = undefined;
        this.#pump();
      }, heldBackMs);
    }
    if (this.#isDraining) this.#isDraining = this.#feeds.isBehind(historicalUpTo);
    onChange();
  }
}
