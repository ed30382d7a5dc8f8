import type { HeadgateError } from '../../core/errors.ts';
import type {
  LiveBatch,
  LiveEnd,
  LiveFeed,
  LiveFilter,
  LiveScope,
  LiveStart,
  LiveSubscription,
} from '../../core/live.ts';
import { eventOf } from '../live/event-json.ts';
import { endOf } from '../live/live-end.ts';

/** What an operation gets of the live feed: each event as it is everywhere. */
export interface EventSource extends AsyncGenerator<object, void, void> {}

/** So many events may wait for a reader before the feed keeps the rest for it. */
const enough = 256;

/**
 * The live feed as a generator, which GraphQL pulls from as fast as its client reads.
 *
 * @throws {HeadgateError} overload.shed
 */
export function eventsOf(
  feed: LiveFeed,
  filter: LiveFilter,
  scope: LiveScope | undefined,
  after?: string,
): EventSource {
  let waiting: object[] = [];
  let isOver = false;
  let failure: HeadgateError | undefined;
  let wake = (): void => {};
  const sink = {
    deliver: (batch: LiveBatch): boolean => {
      for (const event of batch.form('graphql', eventsIn)) waiting.push(event);
      wake();
      return waiting.length < enough;
    },
    ended: (why: LiveEnd): void => {
      failure = endOf(why);
      wake();
    },
  };
  const subscription: LiveSubscription = feed.subscribe({ filter, ...(scope && { scope }), after, sink });
  waiting.push(startOf(subscription.start));
  const events: EventSource = {
    async next() {
      while (waiting.length === 0 && !isOver && failure === undefined) {
        subscription.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (isOver) return { done: true, value: undefined };
      const event = waiting.shift();
      // What was there before the end is told first.
      if (event === undefined) throw failure!;
      return { done: false, value: { events: event } };
    },
    async return() {
      isOver = true;
      waiting = [];
      subscription.close();
      wake();
      return { done: true, value: undefined };
    },
    async throw(error) {
      await this.return();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
  return events;
}

function startOf({ cursor, reset }: LiveStart): object {
  return reset === undefined ? { event: 'ready', cursor } : { event: 'reset', cursor, data: { reason: reset } };
}

function eventsIn({ gap, events, epoch }: LiveBatch): object[] {
  const all: object[] = events.map((event) => ({
    ...eventOf(event, epoch),
    ...(event.fact && { data: event.fact.body }),
  }));
  if (gap !== undefined) {
    const { from, to, missed, reason } = gap;
    const data = { from: `${epoch}-${from}`, to: `${epoch}-${to}`, missed, reason };
    // Some of what came within it may follow: whoever is cut here goes on before it.
    all.unshift({ event: 'gap', cursor: `${epoch}-${from - 1}`, data });
  }
  return all;
}
