import { randomBytes } from 'node:crypto';
import { HeadgateError } from '../core/errors.ts';
import type { Fact, LiveEnd, LiveFeed, LiveLoss, LiveRequest, LiveStart, ResetReason } from '../core/live.ts';
import type { Onlooker, Taken } from '../core/taken.ts';
import type { Clock, MonotonicMs } from '../core/time.ts';
import type { Service } from '../lib/service.ts';
import { Audience } from './audience.ts';
import { type HubBounds, usualBounds } from './bounds.ts';
import { cursorOf, parseCursor } from './cursor.ts';
import { isReplaceable } from './event.ts';
import { Feed } from './feed.ts';
import { Flood } from './flood.ts';
import type { Place } from './read.ts';
import { Rounds } from './rounds.ts';
import type { LiveStatus } from './status.ts';
import { Subscription, type SubscriptionHome } from './subscription.ts';

export interface LiveHubDependencies {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How busy the main thread was since it was last asked, from 0 to 1. */
  readonly utilisation: () => number;
  /** Told when somebody reads after nobody did, and once a second from then on while they may come back. */
  readonly lookOut?: { begin(): void; look(): void } | undefined;
  readonly bounds?: Partial<HubBounds>;
}

const tickMs = 1_000;

/** Whether events are kept. */
type HubState =
  /** Nobody reads or did lately: an event is a number. */
  | 'asleep'
  /** Somebody reads, or may come back. */
  | 'awake';

/**
 * One ordered feed of all that happens, for any number of readers. Told of an event it does little: the readers get theirs in
 * rounds, all that want the same together. What a reader has not taken lies in the feed, once for all of them.
 */
export class LiveHub implements LiveFeed, Onlooker, Service, SubscriptionHome {
  readonly name = 'live';
  /** Of this run: cursors of others lead nowhere here. */
  readonly epoch = randomBytes(6).toString('hex');
  readonly #deps: LiveHubDependencies;
  readonly #bounds: HubBounds;
  readonly #feed: Feed;
  readonly #flood: Flood;
  readonly #rounds: Rounds;
  readonly #audiences = new Map<string, Audience>();
  readonly #resets = { epoch: 0, expired: 0, unknown: 0 };
  readonly #lost = { silent: 0, unread: 0, garbage: 0 };
  #state: HubState = 'asleep';
  #subscriptions = 0;
  #frozen = 0;
  #nowMs: MonotonicMs = 0;
  #leftAtMs: MonotonicMs = 0;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: LiveHubDependencies) {
    this.#deps = deps;
    this.#bounds = { ...usualBounds, ...deps.bounds };
    this.#feed = new Feed(this.#bounds, (series) =>
      [...this.#audiences.values()].filter((one) => one.wantsSeries(series)),
    );
    this.#flood = new Flood(this.#bounds.floodPerSecond);
    this.#rounds = new Rounds({ epoch: this.epoch, feed: this.#feed, ...deps });
  }

  async start(): Promise<void> {}

  /** Every reader is told that it is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const subscription of this.#all()) {
      subscription.close();
      subscription.sink.ended('stopping');
    }
    this.#rounds.stop();
  }

  get wantsPayloads(): boolean {
    return this.#state === 'awake';
  }

  taken(taken: Taken): void {
    if (this.#state === 'asleep') {
      this.#feed.pass();
      return;
    }
    const event = this.#feed.addTaken(taken, this.#nowMs, this.#flood.isOn);
    const { audiences } = event.series!;
    for (let i = 0; i < audiences.length; i++) if (audiences[i]!.add(event)) this.#rounds.due(audiences[i]!);
  }

  /** Something else happened. */
  tell(fact: Fact): void {
    if (this.#state === 'asleep') {
      this.#feed.pass();
      return;
    }
    const event = this.#feed.addFact(fact, this.#nowMs);
    for (const audience of this.#audiences.values()) {
      if (audience.wants(event) && audience.add(event)) this.#rounds.due(audience);
    }
  }

  /** @throws {HeadgateError} overload.shed when there are too many readers, buffer.closed when the gateway is stopping */
  subscribe({ filter, scope, after, sink }: LiveRequest): Subscription {
    if (this.#isStopped) throw new HeadgateError('buffer.closed', 'The gateway is stopping.');
    const { maxSubscriptions, maxAudiences } = this.#bounds;
    if (this.#subscriptions >= maxSubscriptions)
      throw new HeadgateError('overload.shed', `There are ${maxSubscriptions} live subscriptions already.`);
    this.#wake();
    const wanted = new Audience(filter, scope, this.#feed.number);
    const audience = this.#audiences.get(wanted.key) ?? this.#add(wanted, maxAudiences);
    const { at, reset } = this.#startAfter(after);
    const place = this.#placeAt(at, audience);
    const start: LiveStart = { cursor: this.cursor(at), ...(reset !== undefined && { reset }) };
    const subscription = new Subscription(this, audience, sink, start, place);
    audience.subscriptions.add(subscription);
    this.#subscriptions++;
    if (subscription.state === 'behind') this.#rounds.behind(subscription);
    return subscription;
  }

  lost(why: LiveLoss): void {
    this.#lost[why]++;
  }

  get newest(): number {
    return this.#feed.number;
  }

  cursor(number: number): string {
    return cursorOf(this.epoch, number);
  }

  resumed(subscription: Subscription): void {
    if (subscription.state !== 'behind') return;
    subscription.waitedMs += this.#deps.clock.monotonic() - subscription.fullSinceMs;
    this.#rounds.behind(subscription);
  }

  /** Lets go of those who are slow; called while the gateway has more to do than it can. @returns how many they were */
  shedSlow(): number {
    const now = this.#deps.clock.monotonic();
    return this.#letGo('shed', (one) => one.slowForMs(now) >= this.#bounds.slowMs);
  }

  closed(subscription: Subscription): void {
    const { audience } = subscription;
    audience.subscriptions.delete(subscription);
    this.#rounds.forget(subscription);
    this.#subscriptions--;
    this.#leftAtMs = this.#deps.clock.monotonic();
    if (audience.subscriptions.size > 0) return;
    this.#audiences.delete(audience.key);
    this.#rounds.forgetAudience(audience);
    for (let one = this.#feed.series.newest; one !== undefined; one = one.older) {
      one.audiences = one.audiences.filter((other) => other !== audience);
    }
  }

  status(): LiveStatus {
    const { measured, lasting, number } = this.#feed;
    let queued = 0;
    let full = 0;
    for (const { audience, place, state } of this.#all()) {
      if (state === 'full') full++;
      const from = state === 'following' ? audience.place : place;
      queued += audience.measured - from.measured + (audience.lasting - from.lasting);
    }
    return {
      subscriptions: this.#subscriptions,
      audiences: this.#audiences.size,
      full,
      queued,
      events: number,
      kept: measured.count + lasting.count,
      keptBytes: measured.bytes + lasting.bytes,
      ...this.#rounds.totals,
      missed: { ...this.#rounds.totals.missed },
      resets: { ...this.#resets },
      lost: { ...this.#lost },
      frozen: this.#frozen,
    };
  }

  #letGo(why: LiveEnd, isDue: (subscription: Subscription) => boolean): number {
    let count = 0;
    for (const subscription of this.#all()) {
      if (!isDue(subscription)) continue;
      count++;
      subscription.close();
      subscription.sink.ended(why);
    }
    return count;
  }

  *#all(): Iterable<Subscription> {
    for (const { subscriptions } of [...this.#audiences.values()]) yield* [...subscriptions];
  }

  #add(audience: Audience, maxAudiences: number): Audience {
    if (this.#audiences.size >= maxAudiences)
      throw new HeadgateError(
        'overload.shed',
        `There are live subscriptions with ${maxAudiences} different filters already.`,
      );
    this.#audiences.set(audience.key, audience);
    for (let one = this.#feed.series.newest; one !== undefined; one = one.older) {
      if (audience.wantsSeries(one)) one.audiences = [...one.audiences, audience];
    }
    return audience;
  }

  #startAfter(after: string | undefined): { readonly at: number; readonly reset?: ResetReason } {
    const { number } = this.#feed;
    if (after === undefined) return { at: number };
    const cursor = parseCursor(after);
    const reset =
      cursor === undefined
        ? 'unknown'
        : cursor.epoch !== this.epoch
          ? 'epoch'
          : cursor.number > number
            ? 'unknown'
            : this.#feed.covers(cursor.number)
              ? undefined
              : 'expired';
    if (reset === undefined) return { at: cursor!.number };
    this.#resets[reset]++;
    return { at: number, reset };
  }

  #placeAt(at: number, audience: Audience): Place {
    const place = {
      at,
      measured: audience.measured,
      lasting: audience.lasting,
      isSkimming: false,
      replayTo: this.#feed.number,
    };
    this.#feed.walk(at, (event) => {
      if (!audience.wants(event)) return true;
      if (isReplaceable(event)) place.measured--;
      else place.lasting--;
      return true;
    });
    return place;
  }

  #wake(): void {
    if (this.#state === 'awake') return;
    this.#state = 'awake';
    this.#nowMs = this.#deps.clock.monotonic();
    this.#flood.begin(this.#feed.number, this.#nowMs);
    // Nothing of what came before is kept.
    this.#feed.clear();
    this.#deps.lookOut?.begin();
    this.#timer = setInterval(() => this.tick(), tickMs).unref();
  }

  /** Looks at the time; called once a second while it is awake. */
  tick(): void {
    const now = this.#deps.clock.monotonic();
    this.#flood.look(this.#feed.number, now);
    this.#nowMs = now;
    this.#deps.lookOut?.look();
    this.#feed.expire(now);
    const { frozenMs } = this.#bounds;
    this.#frozen += this.#letGo('frozen', (one) => one.state === 'full' && now - one.fullSinceMs >= frozenMs);
    if (this.#subscriptions > 0 || now - this.#leftAtMs < this.#bounds.lingerMs) return;
    this.#state = 'asleep';
    clearInterval(this.#timer);
    this.#feed.clear();
  }
}
