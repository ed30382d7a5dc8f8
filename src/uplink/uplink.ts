import { messageOf } from '../core/errors.ts';
import type { Priority } from '../core/priority.ts';
import type { UnixMs } from '../core/time.ts';
import { nextBackoff } from '../lib/backoff.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Service } from '../lib/service.ts';
import { Conversation, type ConversationDependencies, type Ending } from './conversation.ts';
import type { Sender } from './sender.ts';
import type { Settled } from './session.ts';
import type { UplinkState, UplinkStatus } from './status.ts';

export interface UplinkDependencies extends ConversationDependencies {
  /** The collector's URL; known when the uplink starts. */
  readonly url: () => string;
}

const priorities: readonly Priority[] = ['critical', 'normal', 'bulk'];
/** What a collector does not confirm in this time after the last record it was sent, it gets again, and knows it. */
const stopPatienceMs = 2_000;

type Link =
  /** Nothing is being tried. */
  | { readonly name: 'offline' }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly ending: Ending; readonly retryAt: UnixMs }
  /** With the collector, or on the way to it. */
  | { readonly name: 'talking'; readonly conversation: Conversation };

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
  #whenOver: (() => void) | undefined;

  constructor(deps: UplinkDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#dial();
  }

  /** Waits for what is under way to be acknowledged, but not beyond the deadline. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#isStopping = true;
    const link = this.#link;
    if (link.name === 'waiting') clearTimeout(link.timer);
    if (link.name === 'talking') {
      const { conversation } = link;
      const isOver = new Promise<void>((resolve) => {
        this.#whenOver = resolve;
        if (deadline.aborted) resolve();
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
      conversation.leave({ kind: 'left', reason: 'the gateway is stopping', retryAfterMs: 0 }, stopPatienceMs);
      await isOver;
      conversation.close();
    }
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

  /** What sends over the connection that stands. */
  get #sender(): Sender | undefined {
    return this.#link.name === 'talking' ? this.#link.conversation.sender : undefined;
  }

  #state(): UplinkState {
    const link = this.#link;
    switch (link.name) {
      case 'offline':
        return { name: 'offline' };
      case 'waiting':
        return {
          name: link.ending.kind === 'rejected' ? 'rejected' : 'waiting',
          retryAt: link.retryAt,
          reason: link.ending.reason,
        };
      case 'talking': {
        const { sender, isLeaving } = link.conversation;
        if (sender === undefined || isLeaving) return { name: 'connecting' };
        if (sender.isStalled) return { name: 'stalled' };
        return { name: sender.isDraining ? 'draining' : 'live' };
      }
    }
  }

  #dial(): void {
    const conversation = new Conversation(this.#deps, this.#deps.url(), {
      onWelcome: () => this.#welcomed(),
      onAcknowledged: (settled) => this.#acknowledged(settled),
      onChange: () => this.#noteState(),
      onEnd: (ending) => this.#fail(ending),
    });
    this.#enter({ name: 'talking', conversation });
    try {
      conversation.open();
    } catch (error) {
      this.#fail({ kind: 'rejected', reason: messageOf(error) });
    }
  }

  #welcomed(): void {
    this.#connections++;
    const { waitingRecords } = this.#deps.buffer.totals;
    this.#deps.log.info({ url: this.#deps.url(), waitingRecords }, 'Connected to the collector.');
    this.#noteState();
  }

  #acknowledged(settled: Settled): void {
    this.#lastAcknowledgedAt = this.#deps.clock.now();
    for (const priority of priorities) this.#acknowledgedByPriority[priority] += settled.recordsByPriority[priority];
    this.#acknowledgedBytes += settled.bytes;
    this.#pauseMs = 0;
  }

  /** The conversation is over: dials again after a pause. */
  #fail(ending: Ending): void {
    this.#whenOver?.();
    if (this.#isStopping) return;
    const { options, clock, log, random = Math.random } = this.#deps;
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

  #noteState(): void {
    const { name } = this.#state();
    if (name === this.#stateName && this.#since !== 0) return;
    this.#stateName = name;
    this.#since = this.#deps.clock.now();
  }
}
