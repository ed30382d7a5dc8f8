import { messageOf } from '../core/errors.ts';
import type { Priority } from '../core/priority.ts';
import type { Clock, MonotonicMs, UnixMs } from '../core/time.ts';
import { nextBackoff } from '../lib/backoff.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { Acknowledge, Welcome } from '../wire/generated/headgate/v1/uplink.ts';
import type { CollectorMessage, Companion, GatewayMessage } from './companion.ts';
import { Connection, type Ending } from './connection.ts';
import { agree, asInterval, encodeHello, encodeMessage, encodePong } from './messages.ts';
import type { UplinkOptions } from './options.ts';
import { Sender } from './sender.ts';
import type { UplinkBuffer } from './source.ts';
import type { UplinkState, UplinkStatus } from './status.ts';

export interface UplinkDependencies {
  readonly options: UplinkOptions;
  /** The collector's URL; known when the uplink starts. */
  readonly url: () => string;
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  readonly agent: string;
  readonly buffer: UplinkBuffer;
  readonly clock: Clock;
  readonly log: Log;
  /** What travels on the stream beside records. */
  readonly companions?: readonly Companion[];
  /** Random numbers in [0, 1), for the pauses between attempts. */
  readonly random?: () => number;
}

const priorities: readonly Priority[] = ['critical', 'normal', 'bulk'];

type Link =
  /** Nothing is being tried. */
  | { readonly name: 'offline' }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly ending: Ending; readonly retryAt: UnixMs }
  | {
      readonly name: 'connecting';
      readonly connection: Connection;
      readonly timer: NodeJS.Timeout;
      readonly since: MonotonicMs;
    }
  | {
      readonly name: 'open';
      readonly connection: Connection;
      readonly sender: Sender;
      readonly timer: NodeJS.Timeout;
    };

/**
 * Brings what waits in the buffer's lanes to the collector, the urgent first, and tells the buffer what has arrived; over
 * one connection after the other. What was under way when a connection broke is forgotten here: the buffer has it.
 */
export class Uplink implements Service {
  readonly name = 'uplink';
  readonly #deps: UplinkDependencies;
  #link: Link = { name: 'offline' };
  #stateName: UplinkState['name'] = 'offline';
  #since: UnixMs = 0;
  #pauseMs = 0;
  #lastAcknowledgedAt: UnixMs | undefined;
  readonly #acknowledgedByPriority: Record<Priority, number> = { critical: 0, normal: 0, bulk: 0 };
  #acknowledgedBytes = 0;
  #connections = 0;
  #isStopping = false;
  #whenSettled: (() => void) | undefined;

  constructor(deps: UplinkDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#dial();
  }

  /** Waits for what is under way to be acknowledged, but not beyond the deadline. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#isStopping = true;
    const sender = this.#sender;
    sender?.stop();
    if (sender !== undefined && sender.inFlightCount > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#whenSettled = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
        // What a collector does not confirm in this time it gets again, and knows it.
        setTimeout(resolve, 2_000).unref();
      });
    }
    this.#leave();
    this.#link = { name: 'offline' };
  }

  status(): UplinkStatus {
    const { critical, normal, bulk } = this.#acknowledgedByPriority;
    const problem = this.#sender?.problem;
    return {
      state: this.#state(),
      url: this.#deps.url(),
      since: this.#since,
      ...(this.#lastAcknowledgedAt !== undefined && { lastAcknowledgedAt: this.#lastAcknowledgedAt }),
      acknowledgedRecords: critical + normal + bulk,
      acknowledgedBytes: this.#acknowledgedBytes,
      acknowledgedByPriority: { critical, normal, bulk },
      inFlightBytes: this.#sender?.inFlightBytes ?? 0,
      connections: this.#connections,
      ...(problem !== undefined && { problem }),
    };
  }

  /**
   * From the first sequence of a lane that is held here to be sent, or was sent and is not acknowledged, to the last;
   * undefined when there is none. What lies between is best not evicted: it is about to be delivered.
   */
  underWay(lane: string): readonly Interval[] {
    return this.#sender?.underWay(lane) ?? [];
  }

  /** What becomes ready now would be sent at once, and has a good chance to be acknowledged soon. */
  isLive(): boolean {
    const sender = this.#sender;
    return sender?.hasRoom === true && !sender.isStalled;
  }

  /**
   * How long it takes from sending to the collector's acknowledgement, in milliseconds: smoothed, and no less than the
   * wait for the one that is due. Infinite without a connection, and before its first acknowledgement.
   */
  acknowledgeMs(): number {
    return this.#sender?.acknowledgeMs ?? Number.POSITIVE_INFINITY;
  }

  get #companions(): readonly Companion[] {
    return this.#deps.companions ?? [];
  }

  /** What sends over the connection that stands. */
  get #sender(): Sender | undefined {
    return this.#link.name === 'open' ? this.#link.sender : undefined;
  }

  #state(): UplinkState {
    const link = this.#link;
    switch (link.name) {
      case 'offline':
      case 'connecting':
        return { name: link.name };
      case 'waiting':
        return {
          name: link.ending.kind === 'rejected' ? 'rejected' : 'waiting',
          retryAt: link.retryAt,
          reason: link.ending.reason,
        };
      case 'open':
        if (link.sender.isStalled) return { name: 'stalled' };
        return { name: link.sender.isDraining ? 'draining' : 'live' };
    }
  }

  #dial(): void {
    const { options, url, identity, agent, buffer } = this.#deps;
    this.#link = { name: 'offline' };
    const timer = setTimeout(() => {
      this.#fail({ kind: 'lost', reason: `no welcome within ${options.connectTimeout} ms` });
    }, options.connectTimeout);
    try {
      const connection = new Connection(
        { url: url(), keepaliveMs: options.keepalive, keepaliveTimeoutMs: options.keepaliveTimeout },
        {
          onMessage: (message) => this.#onMessage(message),
          onDrain: () => this.#sender?.drained(),
          onEnd: (ending) => {
            this.#whenSettled?.();
            this.#fail(ending);
          },
        },
      );
      this.#enter({ name: 'connecting', connection, timer, since: this.#deps.clock.monotonic() });
      const { firstWaiting, lastSequence } = buffer.totals;
      connection.send(encodeHello({ ...identity(), agent, firstWaiting, lastSequence }));
    } catch (error) {
      clearTimeout(timer);
      this.#fail({ kind: 'rejected', reason: messageOf(error) });
    }
  }

  #onMessage(message: CollectorMessage): void {
    switch (message.$case) {
      case 'welcome':
        this.#welcomed(message.value);
        return;
      case 'acknowledge':
        this.#acknowledged(message.value);
        return;
      case 'ping':
        this.#sender?.send(encodePong(message.value));
        return;
      case 'pong':
        return;
      default:
        if (this.#link.name === 'open') this.#companions.some((companion) => companion.received?.(message) === true);
    }
  }

  #welcomed(welcome: Welcome): void {
    const link = this.#link;
    if (link.name !== 'connecting') return;
    const { options, buffer, clock, log, random } = this.#deps;
    const { lastSequence, waitingRecords } = buffer.totals;
    const agreement = agree(welcome, { lastSequence }, options.windowBytes);
    if ('complaint' in agreement) {
      this.#fail({ kind: 'rejected', reason: agreement.complaint });
      return;
    }
    clearTimeout(link.timer);
    const { connection } = link;
    const sender = new Sender({
      connection,
      agreement,
      acknowledgeTimeoutMs: options.acknowledgeTimeout,
      historicalUpTo: lastSequence,
      liveShare: options.liveShare,
      buffer,
      clock,
      log,
      ...(random && { random }),
      onChange: () => this.#noteState(),
    });
    this.#connections++;
    const timer = setInterval(() => this.#watch(), Math.min(1_000, options.acknowledgeTimeout / 4));
    this.#enter({ name: 'open', connection, sender, timer });
    log.info({ url: this.#deps.url(), waitingRecords }, 'Connected to the collector.');
    sender.start();
    const send = (message: GatewayMessage): void => {
      if (this.#link.name === 'open' && this.#link.connection === connection) sender.send(encodeMessage(message));
    };
    const roundTripMs = clock.monotonic() - link.since;
    for (const companion of this.#companions) companion.connected?.(send, welcome, roundTripMs);
  }

  #acknowledged(message: Acknowledge): void {
    const sender = this.#sender;
    if (sender === undefined) return;
    const settled = sender.acknowledged(message.durable.map(asInterval));
    if ('complaint' in settled) {
      this.#fail({ kind: 'rejected', reason: `the collector is wrong: ${settled.complaint}` });
      return;
    }
    if (settled.records > 0) {
      this.#lastAcknowledgedAt = this.#deps.clock.now();
      for (const priority of priorities) {
        this.#acknowledgedByPriority[priority] += settled.recordsByPriority[priority];
      }
      this.#acknowledgedBytes += settled.bytes;
      this.#pauseMs = 0;
    }
    if (sender.inFlightCount === 0) this.#whenSettled?.();
  }

  #watch(): void {
    const sender = this.#sender;
    if (sender === undefined) return;
    if (sender.isDead) {
      const seconds = Math.round(sender.waitedMs / 1000);
      this.#fail({ kind: 'lost', reason: `nothing sent was acknowledged for ${seconds} s` });
    } else sender.tick();
  }

  /** Gives the connection up and dials again after a pause. */
  #fail(ending: Ending): void {
    const { options, clock, log, random = Math.random } = this.#deps;
    if (this.#isStopping || this.#link.name === 'waiting') return;
    this.#leave();
    const limits = { minMs: options.retryMin, maxMs: options.retryMax };
    this.#pauseMs = nextBackoff(limits, ending.kind === 'rejected' ? options.retryMax : this.#pauseMs, random());
    const timer = setTimeout(() => this.#dial(), this.#pauseMs);
    this.#enter({ name: 'waiting', timer, ending, retryAt: clock.now() + this.#pauseMs });
    log.warn(
      { reason: ending.reason, retryMs: Math.round(this.#pauseMs) },
      'The uplink is down: records wait in the buffer.',
    );
  }

  #enter(link: Link): void {
    this.#link = link;
    this.#noteState();
  }

  #leave(): void {
    const link = this.#link;
    if (link.name === 'offline') return;
    // Timeouts and intervals are cleared alike.
    clearTimeout(link.timer);
    if (link.name === 'open') {
      link.sender.stop();
      for (const companion of this.#companions) companion.ended?.();
    }
    if (link.name !== 'waiting') link.connection.close();
  }

  #noteState(): void {
    const { name } = this.#state();
    if (name === this.#stateName && this.#since !== 0) return;
    this.#stateName = name;
    this.#since = this.#deps.clock.now();
  }
}
