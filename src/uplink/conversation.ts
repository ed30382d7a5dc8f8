import type { Clock, MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Acknowledge, Welcome } from '../wire/generated/headgate/v1/uplink.ts';
import type { CollectorMessage, Companion, GatewayMessage } from './companion.ts';
import { Connection, type Ending as ConnectionEnding } from './connection.ts';
import { agree, asInterval, encodeHello, encodeMessage, encodePong } from './messages.ts';
import type { UplinkOptions } from './options.ts';
import { Sender } from './sender.ts';
import type { Settled } from './session.ts';
import type { UplinkBuffer } from './source.ts';

export interface ConversationDependencies {
  readonly options: UplinkOptions;
  readonly identity: () => { readonly gateway: string; readonly epoch: string };
  readonly agent: string;
  readonly buffer: UplinkBuffer;
  readonly clock: Clock;
  readonly log: Log;
  /** What travels on the stream beside records. */
  readonly companions?: readonly Companion[];
  /** Random numbers in [0, 1). */
  readonly random?: () => number;
}

/** Why a conversation is over. `left`: it was left in good order, everything that was sent having been acknowledged or not. */
export type Ending =
  | ConnectionEnding
  | { readonly kind: 'left'; readonly reason: string; readonly retryAfterMs: number };

export interface ConversationEvents {
  /** The collector has said welcome. */
  onWelcome(): void;
  onAcknowledged(settled: Settled): void;
  /** Something has happened that may change where the uplink stands. */
  onChange(): void;
  /** Once, unless {@link Conversation.close} ended it. */
  onEnd(ending: Ending): void;
}

type Stage =
  /** Not begun, or over. */
  | { readonly name: 'closed' }
  /** Hello is on its way; the welcome is waited for. */
  | {
      readonly name: 'greeting';
      readonly connection: Connection;
      readonly timer: NodeJS.Timeout;
      readonly since: MonotonicMs;
    }
  /** Records flow. */
  | {
      readonly name: 'open';
      readonly connection: Connection;
      readonly sender: Sender;
      readonly timer: NodeJS.Timeout;
    }
  /** Nothing new is sent; what is under way may still be acknowledged. */
  | {
      readonly name: 'leaving';
      readonly connection: Connection;
      readonly sender: Sender;
      readonly timer: NodeJS.Timeout;
      readonly ending: Ending;
    };

/**
 * One stream with one collector, from the dial to its end: hello and welcome, records and their acknowledgements, and what
 * travels beside them.
 */
export class Conversation {
  readonly #deps: ConversationDependencies;
  readonly #url: string;
  readonly #events: ConversationEvents;
  #stage: Stage = { name: 'closed' };

  constructor(deps: ConversationDependencies, url: string, events: ConversationEvents) {
    this.#deps = deps;
    this.#url = url;
    this.#events = events;
  }

  /** Dials and says hello. @throws when the URL is not one */
  open(): void {
    const { options, identity, agent, buffer, clock } = this.#deps;
    const connection = new Connection(
      { url: this.#url, keepaliveMs: options.keepalive, keepaliveTimeoutMs: options.keepaliveTimeout },
      {
        onMessage: (message) => this.#received(message),
        onDrain: () => this.sender?.drained(),
        onEnd: (ending) => this.#end(ending),
      },
    );
    const timer = setTimeout(() => {
      this.#end({ kind: 'lost', reason: `no welcome within ${options.connectTimeout} ms` });
    }, options.connectTimeout);
    this.#stage = { name: 'greeting', connection, timer, since: clock.monotonic() };
    const { firstWaiting, lastSequence } = buffer.totals;
    connection.send(encodeHello({ ...identity(), agent, firstWaiting, lastSequence }));
  }

  /**
   * Sends nothing new, waits for the acknowledgements of what is under way, but no longer than `patienceMs`, and ends
   * with `ending`. What is not acknowledged by then is sent again elsewhere.
   */
  leave(ending: Ending, patienceMs: number): void {
    const stage = this.#stage;
    if (stage.name !== 'open') {
      if (stage.name === 'greeting') this.#end(ending);
      return;
    }
    const { connection, sender } = stage;
    clearInterval(stage.timer);
    sender.stop();
    const timer = setTimeout(() => this.#end(ending), patienceMs);
    this.#stage = { name: 'leaving', connection, sender, timer, ending };
    if (sender.inFlightCount === 0) this.#end(ending);
    else this.#events.onChange();
  }

  /** Ends it at once. Nothing more is told of it. */
  close(): void {
    const stage = this.#stage;
    if (stage.name === 'closed') return;
    this.#stage = { name: 'closed' };
    // Timeouts and intervals are cleared alike.
    clearTimeout(stage.timer);
    if (stage.name !== 'greeting') {
      if (stage.name === 'open') stage.sender.stop();
      for (const companion of this.#companions) companion.ended?.();
    }
    stage.connection.close();
  }

  /** What sends and is told what was acknowledged, from the welcome on. */
  get sender(): Sender | undefined {
    return this.#stage.name === 'open' || this.#stage.name === 'leaving' ? this.#stage.sender : undefined;
  }

  /** Nothing new is sent any more. */
  get isLeaving(): boolean {
    return this.#stage.name === 'leaving';
  }

  get #companions(): readonly Companion[] {
    return this.#deps.companions ?? [];
  }

  #end(ending: Ending): void {
    if (this.#stage.name === 'closed') return;
    const told = this.#stage.name === 'leaving' ? this.#stage.ending : ending;
    this.close();
    this.#events.onEnd(told);
  }

  #received(message: CollectorMessage): void {
    switch (message.$case) {
      case 'welcome':
        this.#welcomed(message.value);
        return;
      case 'acknowledge':
        this.#acknowledged(message.value);
        return;
      case 'ping':
        this.sender?.send(encodePong(message.value));
        return;
      case 'pong':
        return;
      default:
        if (this.sender !== undefined) this.#companions.some((companion) => companion.received?.(message) === true);
    }
  }

  #welcomed(welcome: Welcome): void {
    const stage = this.#stage;
    if (stage.name !== 'greeting') return;
    const { options, buffer, clock, log, random } = this.#deps;
    const { lastSequence } = buffer.totals;
    const agreement = agree(welcome, { lastSequence }, options.windowBytes);
    if ('complaint' in agreement) {
      this.#end({ kind: 'rejected', reason: agreement.complaint });
      return;
    }
    clearTimeout(stage.timer);
    const { connection } = stage;
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
      onChange: () => this.#events.onChange(),
    });
    const timer = setInterval(() => this.#watch(), Math.min(1_000, options.acknowledgeTimeout / 4));
    this.#stage = { name: 'open', connection, sender, timer };
    this.#events.onWelcome();
    sender.start();
    const send = (message: GatewayMessage): void => {
      if (this.sender === sender) sender.send(encodeMessage(message));
    };
    const roundTripMs = clock.monotonic() - stage.since;
    for (const companion of this.#companions) companion.connected?.(send, welcome, roundTripMs);
  }

  #acknowledged(message: Acknowledge): void {
    const { sender } = this;
    if (sender === undefined) return;
    const settled = sender.acknowledged(message.durable.map(asInterval));
    if ('complaint' in settled) {
      this.#end({ kind: 'rejected', reason: `the collector is wrong: ${settled.complaint}` });
      return;
    }
    if (settled.records > 0) this.#events.onAcknowledged(settled);
    const stage = this.#stage;
    if (stage.name === 'leaving' && sender.inFlightCount === 0) this.#end(stage.ending);
  }

  #watch(): void {
    const { sender } = this;
    if (sender === undefined) return;
    if (sender.isDead) {
      const seconds = Math.round(sender.waitedMs / 1000);
      this.#end({ kind: 'lost', reason: `nothing sent was acknowledged for ${seconds} s` });
    } else sender.tick();
  }
}
