import type { Clock, MonotonicMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import { powerCut, powerCutSoon } from '../lib/power-cut.ts';
import { encodeUpload } from '../wire/upload.ts';
import type { Compressing } from './compression.ts';
import type { Connection } from './connection.ts';
import { Feeds } from './feeds.ts';
import type { LaneFeed } from './lane-feed.ts';
import { load } from './load.ts';
import { type Agreement, encodePing } from './messages.ts';
import { Outbox } from './outbox.ts';
import { openGate, type PlanGate } from './plan-gate.ts';
import { Scheduler } from './scheduler.ts';
import { Session, type Settled } from './session.ts';
import { type Share, Shares } from './shares.ts';
import type { UplinkBuffer } from './source.ts';

export interface SenderDependencies {
  readonly connection: Pick<Connection, 'send'>;
  readonly agreement: Pick<Agreement, 'durable' | 'windowBytes'>;
  readonly acknowledgeTimeoutMs: number;
  /** The last sequence that had been given out when the connection stood: everything up to it is sent late. */
  readonly historicalUpTo: number;
  /** The part of the window that a backlog leaves to live records, from 0 to 1. */
  readonly liveShare: number;
  /** How uploads are compressed; undefined: not at all. */
  readonly compressing?: Compressing;
  /** What the data plan lets go; absent: all. Whoever makes it ends it. */
  readonly gate?: PlanGate;
  /** After so long without a message of its own it says that it is there, as was promised; absent: never. */
  readonly heardEveryMs?: number;
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
  readonly #schedulers = { live: new Scheduler<LaneFeed>(), backlog: new Scheduler<LaneFeed>() };
  readonly #shares: Shares;
  readonly #feeds: Feeds;
  readonly #gate: PlanGate;
  readonly #outbox: Outbox;
  #isBlocked = false;
  #sentAt: MonotonicMs;
  #isDraining: boolean;
  #isStopped = false;
  /** Something could go but for a lower sequence that is still to come. */
  #isHeldBack = false;
  #heldBackTimer: NodeJS.Timeout | undefined;
  #restTimer: NodeJS.Timeout | undefined;

  constructor(deps: SenderDependencies) {
    this.#deps = deps;
    const { agreement, acknowledgeTimeoutMs, buffer, clock, log, random } = deps;
    const { historicalUpTo, liveShare } = deps;
    const limits = { windowBytes: agreement.windowBytes, acknowledgeTimeoutMs, liveShare };
    this.#shares = new Shares(liveShare);
    this.#gate = deps.gate ?? openGate();
    this.#outbox = new Outbox({
      compressing: deps.compressing,
      send: (message) => {
        this.send(message);
        powerCutSoon('gateway: upload sent');
      },
      onSent: (sentBytes, plainBytes) => this.#gone(sentBytes - plainBytes),
    });
    this.#sentAt = clock.monotonic();
    this.#isDraining = buffer.totals.waitingRecords > 0;
    this.#session = new Session(limits, agreement.durable, clock.monotonic());
    this.#feeds = new Feeds({
      buffer,
      historicalUpTo,
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
    clearTimeout(this.#restTimer);
  }

  /** The connection is over: nothing goes out any more. */
  end(): void {
    this.stop();
    this.#outbox.stop();
  }

  /** Takes the collector's acknowledgement: see {@link Session.acknowledged}. The buffer is told. */
  acknowledged(ranges: readonly Interval[]): Settled | { readonly complaint: string } {
    const settled = this.#session.acknowledged(ranges, this.#deps.clock.monotonic());
    if ('complaint' in settled) return settled;
    if (settled.batches.length > 0) {
      this.#deps.buffer.acknowledge(settled.batches);
      powerCut('gateway: acknowledgement noted');
    }
    this.#pump();
    return settled;
  }

  /** Sends a message that is not records. */
  send(message: Uint8Array): void {
    this.#sentAt = this.#deps.clock.monotonic();
    if (!this.#deps.connection.send(message)) this.#isBlocked = true;
  }

  /** The connection takes more again. */
  drained(): void {
    this.#isBlocked = false;
    this.#pump();
  }

  /** To be called about once a second. */
  tick(): void {
    const { clock, heardEveryMs = Number.POSITIVE_INFINITY } = this.#deps;
    if (clock.monotonic() - this.#sentAt >= heardEveryMs) this.send(encodePing(0n));
    this.#feeds.tick();
    this.#gate.settle();
    this.#pump();
  }

  /** The last sequence that the collector can know of. */
  get lastKnown(): number {
    return this.#session.lastKnown;
  }

  get inFlightBytes(): number {
    return this.#session.inFlightBytes;
  }

  get inFlightCount(): number {
    return this.#session.inFlightCount;
  }

  /** How uploads are compressed. */
  get compression(): 'none' | 'zstd' | 'gzip' {
    return this.#deps.compressing ?? 'none';
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
    return this.#isReady && this.#session.hasRoom && this.#gate.roomBytes > 0;
  }

  get acknowledgeMs(): number {
    return this.#session.acknowledgeMs(this.#deps.clock.monotonic());
  }

  /** What keeps lanes from being read; undefined when nothing does. */
  get problem(): string | undefined {
    return this.#feeds.problem;
  }

  /** From the first sequence of a lane that is held or was sent and is not acknowledged, to the last: by share. */
  underWay(lane: string): readonly Interval[] {
    return [...this.#feeds.held(lane), ...this.#session.underWay(lane)];
  }

  get #isReady(): boolean {
    return !this.#isStopped && !this.#isBlocked && !this.#outbox.isFull;
  }

  /** Sends as long as there is something, the window and the data plan have room, and the connection takes it. */
  #pump(): void {
    this.#feeds.refresh();
    this.#isHeldBack = false;
    while (this.#isReady && (this.#loadFrom(this.#shares.order[0]) || this.#loadFrom(this.#shares.order[1])));
    if (!this.#isStopped && this.#isHeldBack) {
      this.#heldBackTimer ??= setTimeout(() => {
        this.#heldBackTimer = undefined;
        this.#pump();
      }, heldBackMs);
    }
    this.#rest();
    if (this.#isDraining) this.#isDraining = this.#feeds.isBehind(this.#deps.historicalUpTo);
    this.#deps.onChange();
  }

  /** Goes on by itself where a backlog waits for nothing but its rate. */
  #rest(): void {
    if (this.#isStopped || this.#restTimer !== undefined) return;
    const ms = this.#session.restMs(this.#deps.clock.monotonic());
    if (ms <= 0) return;
    this.#restTimer = setTimeout(() => {
      this.#restTimer = undefined;
      this.#pump();
    }, Math.ceil(ms));
  }

  /** Sends one upload of a share. @returns false when nothing of it may go now */
  #loadFrom(share: Share): boolean {
    const { buffer, clock } = this.#deps;
    const now = clock.monotonic();
    const lanes = this.#gate.open(this.#feeds.of(share));
    if (lanes === undefined || !this.#session.hasRoomFor(share, now)) return false;
    const room = this.#gate.roomBytes || Number.POSITIVE_INFINITY;
    const scheduler = this.#schedulers[share];
    const { upload, durable } = load(lanes, scheduler, this.#session, share, now, room, buffer.corrections);
    this.#isHeldBack ||= scheduler.isHeldBack;
    if (upload.length > 0) {
      const encoded = encodeUpload(upload);
      this.#shares.sent(share, encoded.message.length);
      this.#gate.spent(encoded.message.length);
      this.#outbox.add(encoded);
    }
    if (durable.length > 0) buffer.acknowledge(durable);
    return upload.length > 0 || durable.length > 0;
  }

  /** An upload has gone out. When it had to be compressed first there was somebody waiting for that. */
  #gone(extraBytes: number): void {
    if (extraBytes !== 0) this.#gate.spent(extraBytes);
    if (this.#deps.compressing !== undefined) this.#pump();
  }
}
