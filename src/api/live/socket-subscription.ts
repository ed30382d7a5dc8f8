import type { LiveBatch, LiveEnd, LiveFeed, LiveScope, LiveSink, LiveSubscription } from '../../core/live.ts';
import { type ClientFrame, eventsFrames, type FrameId } from './socket-frames.ts';

/** The connection that a subscription is on. */
export interface SubscriptionSocket {
  /** @returns whether it takes more at once */
  send(frame: Buffer): boolean;
  ended(why: LiveEnd): void;
}

/** One subscription of a connection. */
export class SocketSubscription implements LiveSink {
  readonly #socket: SubscriptionSocket;
  readonly #subscription: LiveSubscription;
  readonly id: FrameId;

  /** @throws {HeadgateError} overload.shed, buffer.closed */
  constructor(
    socket: SubscriptionSocket,
    feed: LiveFeed,
    {
      id,
      scope,
      ...rest
    }: Omit<ClientFrame & { type: 'subscribe' }, 'type' | 'after'> & {
      readonly scope: LiveScope | undefined;
      readonly after: string | undefined;
    },
  ) {
    this.#socket = socket;
    this.id = id;
    this.#subscription = feed.subscribe({ ...rest, ...(scope && { scope }), sink: this });
  }

  get start() {
    return this.#subscription.start;
  }

  get cursor(): string {
    return this.#subscription.cursor;
  }

  resume(): void {
    this.#subscription.resume();
  }

  close(): void {
    this.#subscription.close();
  }

  deliver(batch: LiveBatch): boolean {
    let takesMore = true;
    for (const frame of eventsFrames(this.id, batch)) takesMore = this.#socket.send(frame);
    return takesMore;
  }

  ended(why: LiveEnd): void {
    this.#socket.ended(why);
  }
}
