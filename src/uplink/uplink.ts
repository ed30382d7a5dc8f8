import type { MonotonicMs, UnixMs } from '../core/time.ts';
import type { Interval } from '../lib/intervals.ts';
import type { Service } from '../lib/service.ts';
import { Attempt, type AttemptDependencies } from './attempt.ts';
import { Delivered } from './delivered.ts';
import { type Dial, DialPlan } from './dial-plan.ts';
import { Drain } from './drain.ts';
import { LookBack } from './look-back.ts';
import { Roster } from './roster.ts';
import type { Sender } from './sender.ts';
import type { Settled } from './session.ts';
import type { Ending } from './stage.ts';
import type { UplinkState, UplinkStatus } from './status.ts';

export interface UplinkDependencies extends AttemptDependencies {
  /** The collectors' URLs, the preferred one first; known when the uplink starts, at least one, and the same from then on. */
  readonly urls: () => readonly string[];
}

/** What a collector does not confirm in this time after the last record it was sent, it gets again, and knows it. */
const stopPatienceMs = 2_000;

type Link =
  /** Nothing is being tried. */
  | { readonly name: 'offline' }
  /** The next attempt, at that collector, comes at `at`. */
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly collector: number; readonly at: MonotonicMs }
  /** With a collector, or on the way to it. */
  | { readonly name: 'dialled'; readonly attempt: Attempt; readonly isReturn: boolean };

/**
 * Brings what waits in the buffer's lanes to a collector, the urgent first, and tells the buffer what has arrived; over
 * one connection after the other. What was under way when a connection broke is forgotten here: the buffer has it.
 */
export class Uplink implements Service {
  readonly name = 'uplink';
  readonly #deps: UplinkDependencies;
  #roster = new Roster([]);
  #plan: DialPlan | undefined;
  readonly #lookBack: LookBack;
  #link: Link = { name: 'offline' };
  #drain: Drain | undefined;
  #stateName: UplinkState['name'] = 'offline';
  #since: MonotonicMs | undefined;
  readonly #delivered = new Delivered();
  #connections = 0;
  #attempts = 0;
  #isStopping = false;
  #whenOver: (() => void) | undefined;

  constructor(deps: UplinkDependencies) {
    this.#deps = deps;
    this.#lookBack = new LookBack({
      clock: deps.clock,
      random: () => this.#random(),
      attempt: (collector) => this.#attempt(collector),
      plan: () => this.#plan!,
    });
  }

  /** @throws HeadgateError `buffer.failed` when the disk does not give what it has of an earlier run */
  async start(): Promise<void> {
    const { options, lineage, buffer } = this.#deps;
    await Promise.all([lineage?.load(buffer.totals.lastSequence), this.#deps.meter?.start()]);
    this.#roster = new Roster(this.#deps.urls());
    this.#plan = new DialPlan({
      collectors: this.#roster.urls.length,
      retryMinMs: options.retryMin,
      retryMaxMs: options.retryMax,
      returnAfterMs: options.returnAfter,
    });
    this.#dial(0);
  }

  /** Waits for what is under way to be acknowledged, but not beyond the deadline. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#isStopping = true;
    this.#lookBack.stop()?.close();
    const link = this.#link;
    if (link.name === 'waiting') clearTimeout(link.timer);
    if (link.name === 'dialled') {
      const { attempt } = link;
      const isOver = new Promise<void>((resolve) => {
        this.#whenOver = resolve;
        if (deadline.aborted) resolve();
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
      if (attempt.conversation === undefined) attempt.close();
      else {
        attempt.conversation.leave({ kind: 'left', reason: 'the gateway stops' }, stopPatienceMs);
        await isOver;
        attempt.close();
      }
    }
    this.#link = { name: 'offline' };
    this.#deps.meter?.stop();
  }

  /** Ends the connection that stands, in good order, and makes a new one: it shows whether that is still possible. */
  redial(reason: string): void {
    if (this.#link.name !== 'dialled' || this.#isStopping) return;
    this.#link.attempt.conversation?.leave({ kind: 'left', reason }, stopPatienceMs);
  }

  status(): UplinkStatus {
    const problem = this.#sender?.problem;
    const address = this.#link.name === 'dialled' ? this.#link.attempt.conversation?.target.at : undefined;
    const collectors = this.#roster.entries(this.#current);
    return {
      state: this.#state(),
      url: collectors.find(({ isCurrent }) => isCurrent)?.url ?? this.#roster.urls[0] ?? '',
      ...(address !== undefined && { address }),
      collectors,
      since: this.#since === undefined ? 0 : this.#unixOf(this.#since),
      ...this.#delivered.status,
      inFlightBytes: this.#sender?.inFlightBytes ?? 0,
      compression: this.#sender?.compression ?? 'none',
      wireBytes: 0,
      ...this.#deps.meter?.status(),
      connections: this.#connections,
      attempts: this.#attempts,
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

  /** A collector has said welcome, and may be sent records. */
  get isConnected(): boolean {
    return this.#link.name === 'dialled' && this.#sender !== undefined && !this.#link.attempt.conversation?.isLeaving;
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
    return this.#link.name === 'dialled' ? this.#link.attempt.conversation?.sender : undefined;
  }

  /** The collector that is connected, dialled or waited for. */
  get #current(): number | undefined {
    const link = this.#link;
    if (link.name === 'offline') return undefined;
    return link.name === 'dialled' ? link.attempt.collector : link.collector;
  }

  #random(): number {
    return (this.#deps.random ?? Math.random)();
  }

  #state(): UplinkState {
    const link = this.#link;
    switch (link.name) {
      case 'offline':
        return { name: 'offline' };
      case 'waiting':
        return { ...this.#roster.whyNone(), retryAt: this.#unixOf(link.at) };
      case 'dialled': {
        const { sender, isLeaving = false } = link.attempt.conversation ?? {};
        if (isLeaving) return { name: 'connecting' };
        if (sender === undefined) {
          const { reason } = this.#roster.whyNone();
          return { name: 'connecting', ...(reason !== '' && { reason }) };
        }
        if (sender.isStalled) return { name: 'stalled' };
        if (!sender.isDraining || this.#drain === undefined) return { name: 'live' };
        const { buffer, clock } = this.#deps;
        return { name: 'draining', ...this.#drain.status(buffer.totals.waitingRecords, clock.monotonic()) };
      }
    }
  }

  #dial(collector: number): void {
    const attempt = this.#attempt(collector);
    this.#enter({ name: 'dialled', attempt, isReturn: false });
    attempt.start('open');
  }

  /** An attempt whose events count while it is the one that is dialled, and those of a look back, which are its own. */
  #attempt(collector: number): Attempt {
    this.#attempts++;
    const attempt: Attempt = new Attempt(this.#deps, collector, this.#roster.urls[collector]!, {
      onThere: () => this.redial(`${attempt.url} is back, and is preferred`),
      onWelcome: () => this.#welcomed(attempt),
      onAcknowledged: (settled) => this.#acknowledged(attempt, settled),
      onChange: () => this.#noteState(),
      onEnd: (ending) => {
        if (this.#lookBack.ended(attempt)) this.#complain(attempt, ending, 'A preferred collector can not be had.');
        else this.#ended(attempt, ending);
      },
    });
    return attempt;
  }

  #welcomed(attempt: Attempt): void {
    const { buffer, clock } = this.#deps;
    const { waitingRecords, lastSequence } = buffer.totals;
    this.#connections++;
    this.#drain = new Drain(waitingRecords, lastSequence, clock.monotonic());
    if (this.#roster.of(attempt.collector).welcomed()) this.#sayConnected(attempt);
    this.#lookBack.start(attempt.collector);
    this.#noteState();
  }

  #sayConnected({ url, conversation }: Attempt): void {
    const { waitingRecords } = this.#deps.buffer.totals;
    this.#deps.log.info({ url, address: conversation?.target.at, waitingRecords }, 'Connected to the collector.');
  }

  #acknowledged(attempt: Attempt, settled: Settled): void {
    const { clock } = this.#deps;
    this.#delivered.add(settled, clock.now());
    this.#drain?.acknowledged(settled.batches, clock.monotonic());
    this.#plan!.worked();
    if (this.#roster.of(attempt.collector).worked()) this.#sayConnected(attempt);
  }

  /** The attempt has failed, or its connection is over: decides which comes next. */
  #ended(attempt: Attempt, ending: Ending): void {
    this.#whenOver?.();
    if (this.#isStopping) return;
    const found = this.#lookBack.stop();
    if (found !== undefined) {
      this.#deps.log.info({ url: attempt.url, reason: ending.reason }, 'The uplink leaves a collector.');
      this.#enter({ name: 'dialled', attempt: found, isReturn: true });
      found.conversation?.greet();
      return;
    }
    this.#complain(attempt, ending, 'The uplink is down: records wait in the buffer.');
    this.#wait(this.#next(attempt, ending));
  }

  #next(attempt: Attempt, ending: Ending): Dial {
    const now = this.#deps.clock.monotonic();
    const plan = this.#plan!;
    const isReturn = this.#link.name === 'dialled' && this.#link.isReturn;
    if (isReturn) plan.returned(attempt.collector, attempt.stoodMs(now), now);
    return plan.after(ending, attempt.collector, attempt.hasWorked(ending, now), attempt.reconnectSpreadMs, now, () =>
      this.#random(),
    );
  }

  /** Says what is wrong, when that is news. */
  #complain(attempt: Attempt, ending: Ending, consequence: string): void {
    const { kind, reason } = ending;
    const { clock, log } = this.#deps;
    const complaints = this.#roster.of(attempt.collector);
    const now = clock.monotonic();
    if (attempt.hasWorked(ending, now)) complaints.worked();
    const isOurs = kind === 'left' && ending.retryAfterMs === undefined;
    if (!complaints.add(reason, kind === 'rejected', attempt.wasWelcomed && !isOurs, now)) return;
    const { url } = attempt;
    if (kind === 'left') log.info({ url, reason }, 'The uplink leaves a collector.');
    else log.warn({ url, reason }, consequence);
  }

  #wait({ collector, at }: Dial): void {
    const { clock } = this.#deps;
    const pauseMs = Math.max(0, at - clock.monotonic());
    const timer = setTimeout(() => this.#dial(collector), pauseMs);
    this.#enter({ name: 'waiting', timer, collector, at: clock.monotonic() + pauseMs });
  }

  #enter(link: Link): void {
    this.#link = link;
    this.#noteState();
  }

  #noteState(): void {
    const { name } = this.#state();
    if (name === this.#stateName && this.#since !== undefined) return;
    this.#stateName = name;
    this.#since = this.#deps.clock.monotonic();
  }

  /** By a clock that may have learnt the time since. */
  #unixOf(at: MonotonicMs): UnixMs {
    const { clock } = this.#deps;
    return clock.now() + at - clock.monotonic();
  }
}
