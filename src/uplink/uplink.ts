import type { BufferStatus } from '../buffer/status.ts';
import type { Totals } from '../buffer/worker-protocol.ts';
import { lastSequenceOf } from '../core/batch.ts';
import { messageOf } from '../core/errors.ts';
import type { Clock, UnixMs } from '../core/time.ts';
import { nextBackoff } from '../lib/backoff.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { Acknowledge, Welcome } from '../wire/generated/headgate/v1/uplink.ts';
import { encodeUpload } from '../wire/upload.ts';
import { type CollectorMessage, Connection, type Ending } from './connection.ts';
import { type Backlog, Feed } from './feed.ts';
import { agree, asInterval, encodeHello, encodePong } from './messages.ts';
import type { UplinkOptions } from './options.ts';
import { Session } from './session.ts';
import type { UplinkState, UplinkStatus } from './status.ts';

/** What the uplink needs of the buffer. */
export interface UplinkBuffer extends Backlog {
  readonly totals: Totals;
  status(): BufferStatus;
  acknowledge(ranges: readonly Interval[]): void;
}

export interface UplinkDependencies {
  readonly options: UplinkOptions;
  /** The collector's URL; known when the uplink starts. */
  readonly url: () => string;
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  readonly agent: string;
  readonly buffer: UplinkBuffer;
  readonly clock: Clock;
  readonly log: Log;
  /** Random numbers in [0, 1), for the pauses between attempts. */
  readonly random?: () => number;
}

/** What one message carries at the most, unless a single batch is larger. */
const uploadBytes = 256 * 1024;
/** After so long without an acknowledgement the state says so. */
const stalledAfterMs = 5_000;

type Link =
  /** Nothing is being tried. */
  | { readonly name: 'offline' }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly ending: Ending; readonly retryAt: UnixMs }
  | { readonly name: 'connecting'; readonly connection: Connection; readonly timer: NodeJS.Timeout }
  | {
      readonly name: 'open';
      readonly connection: Connection;
      readonly session: Session;
      readonly timer: NodeJS.Timeout;
      /** What had been taken in when the connection stood: everything up to here is sent late. */
      readonly historicalUpTo: number;
      isBlocked: boolean;
      isDraining: boolean;
    };

/** Brings the backlog to the collector and has acknowledged batches deleted, over one connection after the other. */
export class Uplink implements Service {
  readonly name = 'uplink';
  readonly #deps: UplinkDependencies;
  readonly #feed: Feed;
  #link: Link = { name: 'offline' };
  #stateName: UplinkState['name'] = 'offline';
  #since: UnixMs = 0;
  #pauseMs = 0;
  #lastAcknowledgedAt: UnixMs | undefined;
  #acknowledgedRecords = 0;
  #acknowledgedBytes = 0;
  #connections = 0;
  #isStopping = false;
  #whenSettled: (() => void) | undefined;

  constructor(deps: UplinkDependencies) {
    this.#deps = deps;
    this.#feed = new Feed(
      deps.buffer,
      () => this.#pump(),
      (error) => this.#fail({ kind: 'lost', reason: `the backlog can't be read: ${messageOf(error)}` }),
    );
  }

  async start(): Promise<void> {
    this.#dial();
  }

  /** Waits for what is under way to be acknowledged, but not beyond the deadline. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#isStopping = true;
    this.#feed.stop();
    if (this.#link.name === 'open' && this.#link.session.inFlightCount > 0 && !deadline.aborted) {
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
    const state = this.#state();
    return {
      state,
      url: this.#deps.url(),
      since: this.#since,
      ...(this.#lastAcknowledgedAt !== undefined && { lastAcknowledgedAt: this.#lastAcknowledgedAt }),
      acknowledgedRecords: this.#acknowledgedRecords,
      acknowledgedBytes: this.#acknowledgedBytes,
      inFlightBytes: this.#link.name === 'open' ? this.#link.session.inFlightBytes : 0,
      connections: this.#connections,
    };
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
        if (link.session.waitedMs(this.#deps.clock.monotonic()) > stalledAfterMs) return { name: 'stalled' };
        return { name: link.isDraining && this.#deps.buffer.totals.waitingRecords > 0 ? 'draining' : 'live' };
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
          onDrain: () => this.#drained(),
          onEnd: (ending) => {
            this.#whenSettled?.();
            this.#fail(ending);
          },
        },
      );
      this.#enter({ name: 'connecting', connection, timer });
      const { firstWaiting } = buffer.totals;
      const { lastSequence } = buffer.status();
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
        this.#send(encodePong(message.value));
        return;
      case 'pong':
        return;
    }
  }

  #welcomed(welcome: Welcome): void {
    const link = this.#link;
    if (link.name !== 'connecting') return;
    const { options, buffer, clock, log } = this.#deps;
    const { lastSequence } = buffer.status();
    const agreed = agree(welcome, { lastSequence }, options.windowBytes);
    if ('complaint' in agreed) {
      this.#fail({ kind: 'rejected', reason: agreed.complaint });
      return;
    }
    clearTimeout(link.timer);
    if (agreed.durable.length > 0) buffer.acknowledge(agreed.durable);
    const limits = { windowBytes: agreed.windowBytes, acknowledgeTimeoutMs: options.acknowledgeTimeout };
    const session = new Session(limits, clock.monotonic());
    this.#connections++;
    this.#enter({
      name: 'open',
      connection: link.connection,
      session,
      timer: setInterval(() => this.#watch(), Math.min(1_000, options.acknowledgeTimeout / 4)),
      historicalUpTo: lastSequence,
      isBlocked: false,
      isDraining: true,
    });
    log.info({ url: this.#deps.url(), waitingRecords: buffer.totals.waitingRecords }, 'Connected to the collector.');
    this.#feed.restart();
  }

  #acknowledged(message: Acknowledge): void {
    if (this.#link.name !== 'open') return;
    const { buffer, clock } = this.#deps;
    const settled = this.#link.session.acknowledged(message.durable.map(asInterval), clock.monotonic());
    if ('complaint' in settled) {
      this.#fail({ kind: 'rejected', reason: `the collector is wrong: ${settled.complaint}` });
      return;
    }
    if (settled.records > 0) {
      this.#lastAcknowledgedAt = clock.now();
      this.#acknowledgedRecords += settled.records;
      this.#acknowledgedBytes += settled.bytes;
      this.#pauseMs = 0;
      buffer.acknowledge(settled.ranges);
    }
    if (this.#link.session.inFlightCount === 0) this.#whenSettled?.();
    this.#pump();
  }

  /** Sends as long as there is something, the window has room, and the connection takes it. */
  #pump(): void {
    const link = this.#link;
    if (link.name !== 'open') return;
    while (!link.isBlocked && link.session.hasRoom && !this.#feed.isEmpty) {
      const batches = this.#feed.take(uploadBytes);
      const now = this.#deps.clock.monotonic();
      for (const batch of batches) link.session.sent(batch, now);
      const last = lastSequenceOf(batches.at(-1)!);
      if (link.isDraining && last >= link.historicalUpTo) link.isDraining = false;
      const outgoing = batches.map((batch) => ({
        ...batch,
        isHistorical: lastSequenceOf(batch) <= link.historicalUpTo,
      }));
      if (!link.connection.send(encodeUpload(outgoing))) link.isBlocked = true;
    }
    this.#noteState();
  }

  #send(message: Uint8Array): void {
    if (this.#link.name === 'open' && !this.#link.connection.send(message)) this.#link.isBlocked = true;
  }

  #drained(): void {
    if (this.#link.name === 'open') this.#link.isBlocked = false;
    this.#pump();
  }

  #watch(): void {
    if (this.#link.name !== 'open') return;
    const now = this.#deps.clock.monotonic();
    this.#noteState();
    if (!this.#link.session.isStalled(now)) return;
    const seconds = Math.round(this.#link.session.waitedMs(now) / 1000);
    this.#fail({ kind: 'lost', reason: `nothing sent was acknowledged for ${seconds} s` });
  }

  /** Gives the connection up and dials again after a pause. */
  #fail(ending: Ending): void {
    const { options, clock, log, random = Math.random } = this.#deps;
    if (this.#isStopping || this.#link.name === 'waiting') return;
    this.#leave();
    this.#feed.stop();
    const limits = { minMs: options.retryMin, maxMs: options.retryMax };
    this.#pauseMs = nextBackoff(limits, ending.kind === 'rejected' ? options.retryMax : this.#pauseMs, random());
    const timer = setTimeout(() => this.#dial(), this.#pauseMs);
    this.#enter({ name: 'waiting', timer, ending, retryAt: clock.now() + this.#pauseMs });
    log.warn(
      { reason: ending.reason, retryMs: Math.round(this.#pauseMs) },
      'The uplink is down: records wait on disk.',
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
    if (link.name !== 'waiting') link.connection.close();
  }

  #noteState(): void {
    const { name } = this.#state();
    if (name === this.#stateName && this.#since !== 0) return;
    this.#stateName = name;
    this.#since = this.#deps.clock.now();
  }
}
