import { formatDuration } from '../core/units.ts';
import { powerCut, powerCutSoon } from '../lib/power-cut.ts';
import type { Acknowledge, GoAway, Welcome } from '../wire/generated/headgate/v1/uplink.ts';
import type { CollectorMessage, Companion, GatewayMessage } from './companion.ts';
import { chooseCompression } from './compression.ts';
import { Connection } from './connection.ts';
import { Credentials, type Presented } from './credentials.ts';
import { type Agreement, agree, asInterval, encodeHello, encodeMessage, encodePing, encodePong } from './messages.ts';
import { openGate } from './plan-gate.ts';
import { Sender } from './sender.ts';
import type { ConversationDependencies, ConversationEvents, Ending, Stage, Target } from './stage.ts';

/** How long a collector that goes away has to acknowledge what is under way. */
const leavePatienceMs = 10_000;

/**
 * One stream with one collector, from the dial to its end: hello and welcome, records and their acknowledgements, and what
 * travels beside them.
 */
export class Conversation {
  readonly #deps: ConversationDependencies;
  readonly target: Target;
  readonly #events: ConversationEvents;
  #stage: Stage = { name: 'closed' };
  #presented: Presented = {};
  #gate = openGate();
  /** What the welcome says of it, in milliseconds. */
  reconnectSpreadMs = 0;

  constructor(deps: ConversationDependencies, target: Target, events: ConversationEvents) {
    this.#deps = deps;
    this.target = target;
    this.#events = events;
  }

  /** Dials and says hello. @throws when the URL is not one, or certificates can't be used */
  open(): void {
    this.#greet(this.#dial());
  }

  /**
   * Dials, and asks whether somebody is there without saying who asks: so a collector can be looked at while another one
   * still has this gateway. @throws when the URL is not one
   */
  probe(): void {
    const connection = this.#dial();
    this.#stage = { name: 'probing', connection, timer: this.#patience('no answer'), isThere: false };
    connection.send(encodePing(0n));
  }

  /** Says hello on a connection that was probed. */
  greet(): void {
    const stage = this.#stage;
    if (stage.name !== 'probing') return;
    clearTimeout(stage.timer);
    this.#greet(stage.connection);
  }

  /**
   * Sends nothing new, waits for the acknowledgements of what is under way, but no longer than `patienceMs`, and ends
   * with `ending`. What is not acknowledged by then is sent again elsewhere.
   */
  leave(ending: Ending, patienceMs: number): void {
    const stage = this.#stage;
    if (stage.name !== 'open') {
      if (stage.name !== 'leaving') this.#end(ending);
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
    if (stage.name === 'open' || stage.name === 'leaving') {
      this.#deps.lineage?.sent(stage.sender.lastKnown);
      stage.sender.end();
      for (const companion of this.#companions) companion.ended?.();
    }
    stage.connection.close();
    this.#gate.end();
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

  #dial(): Connection {
    const { options, clock, credentials = new Credentials({}) } = this.#deps;
    const { keepalive: keepaliveMs, keepaliveTimeout: keepaliveTimeoutMs } = options;
    const presented = credentials.load(this.target.url);
    this.#presented = presented;
    const connection = new Connection(
      { ...this.target, keepaliveMs, keepaliveTimeoutMs, presented, now: () => clock.now() },
      {
        onMessage: (message) => this.#received(message),
        onDrain: () => this.sender?.drained(),
        onGoAway: () => this.#sentAway({ reason: '', retryAfterSeconds: 0 }),
        onEnd: (ending) => this.#end(ending),
      },
    );
    this.#gate = this.#deps.meter?.connection(() => connection.wireBytes()) ?? this.#gate;
    return connection;
  }

  #greet(connection: Connection): void {
    const { identity, agent, buffer, clock, lineage, options } = this.#deps;
    const timer = this.#patience('no welcome');
    this.#stage = { name: 'greeting', connection, timer, since: clock.monotonic() };
    const self = { ...identity(), agent, ...buffer.totals, heardEveryMs: options.keepalive };
    const claim = lineage?.claim(self.epoch) ?? { lineages: [], takesOver: '' };
    connection.send(encodeHello({ ...self, ...claim }));
    powerCutSoon('gateway: hello sent');
  }

  #patience(missing: string): NodeJS.Timeout {
    const { connectTimeout } = this.#deps.options;
    return setTimeout(
      () => this.#end({ kind: 'lost', reason: `${missing} within ${formatDuration(connectTimeout)}` }),
      connectTimeout,
    );
  }

  /** The collector, or a proxy before it, is about to leave. */
  #sentAway({ reason, retryAfterSeconds }: GoAway): void {
    const said = reason === '' ? 'the collector is about to close the connection' : reason;
    const { acknowledgeTimeout } = this.#deps.options;
    this.leave(
      { kind: 'left', reason: said, retryAfterMs: retryAfterSeconds * 1_000 },
      Math.min(leavePatienceMs, acknowledgeTimeout),
    );
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
        this.#answered();
        return;
      case 'goAway':
        this.#sentAway(message.value);
        return;
      default:
        if (this.sender !== undefined) this.#companions.some((companion) => companion.received?.(message) === true);
    }
  }

  /** The answer to a probe. */
  #answered(): void {
    const stage = this.#stage;
    if (stage.name !== 'probing' || stage.isThere) return;
    // From here on it is the collector that will not wait for a hello for ever.
    clearTimeout(stage.timer);
    this.#stage = { ...stage, isThere: true };
    this.#events.onThere?.();
  }

  #welcomed(welcome: Welcome): void {
    const stage = this.#stage;
    if (stage.name !== 'greeting') return;
    const { options, buffer, clock, lineage } = this.#deps;
    powerCut('gateway: welcome received');
    const lastSent = lineage?.lastSent ?? buffer.totals.lastSequence;
    const agreement = agree(welcome, lastSent, options.windowBytes);
    if ('complaint' in agreement) {
      this.#end({ kind: 'rejected', reason: agreement.complaint });
      return;
    }
    clearTimeout(stage.timer);
    const { connection, since } = stage;
    const roundTripMs = clock.monotonic() - since;
    this.reconnectSpreadMs = welcome.reconnectSpreadMs;
    if (welcome.lineage === '') {
      this.#begin(connection, agreement, welcome, roundTripMs);
      return;
    }
    this.#stage = { name: 'confirming', connection, timer: undefined };
    const adopted = lineage?.adopt(welcome) ?? Promise.resolve(welcome.follows);
    void adopted.then((confirmed) => {
      if (this.#stage.name !== 'confirming') return;
      connection.send(encodeMessage({ $case: 'confirm', value: { lineage: confirmed } }));
      powerCutSoon('gateway: lineage confirmed');
      this.#begin(connection, agreement, welcome, roundTripMs);
    });
  }

  #begin(connection: Connection, agreement: Agreement, welcome: Welcome, roundTripMs: number): void {
    const { options, buffer, clock, log, random } = this.#deps;
    const { lastSequence } = buffer.totals;
    const sender = new Sender({
      connection,
      agreement,
      acknowledgeTimeoutMs: options.acknowledgeTimeout,
      historicalUpTo: lastSequence,
      liveShare: options.liveShare,
      compressing: chooseCompression(options.compression, agreement.compressions, this.target.url),
      gate: this.#gate,
      heardEveryMs: options.keepalive,
      buffer,
      clock,
      log,
      ...(random && { random }),
      onChange: () => this.#events.onChange(),
    });
    const timer = setInterval(() => this.#watch(), Math.min(1_000, options.acknowledgeTimeout / 4));
    this.#stage = { name: 'open', connection, sender, timer };
    this.#events.onWelcome();
    const send = (message: GatewayMessage): void => {
      if (this.sender === sender) sender.send(encodeMessage(message));
    };
    for (const companion of this.#companions) companion.connected?.(send, welcome, roundTripMs);
    // They come first: one of them may learn by how much the times of what waits are wrong.
    if (this.sender === sender) sender.start();
  }

  #acknowledged(message: Acknowledge): void {
    const { sender } = this;
    if (sender === undefined) return;
    powerCut('gateway: acknowledgement received');
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
    this.#deps.meter?.tick();
    if (sender.isDead) {
      const seconds = Math.round(sender.waitedMs / 1000);
      this.#end({ kind: 'stalled', reason: `nothing sent was acknowledged for ${seconds} s` });
    } else if (this.#deps.credentials?.hasChanged(this.#presented, this.#deps.clock.monotonic())) {
      const reason = "the gateway's certificates or tokens have changed";
      this.leave({ kind: 'left', reason, retryAfterMs: 0 }, leavePatienceMs);
    } else sender.tick();
  }
}
