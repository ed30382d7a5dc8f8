import { type Ears, type End, hearEntry, refusalOf } from './ears.ts';
import type { LiveFilter } from './protocol.ts';
import { queryOf } from './wishes.ts';

/** As long as a question waits for an answer, in ms; proxies that hold back streams let that through. */
const waitMs = 5_000;
const patienceMs = 20_000;

/** Asks what happened, again and again, until it can't. */
export async function pollEvents(
  base: string,
  wish: LiveFilter,
  after: string | undefined,
  ears: Ears,
  abort: AbortSignal,
): Promise<End> {
  let cursor = after;
  let isAnswered = false;
  try {
    for (;;) {
      const query = queryOf(wish);
      if (cursor !== undefined) query.set('after', cursor);
      query.set('waitMs', String(waitMs));
      const response = await fetch(new URL(`api/v1/live/poll?${query}`, base), {
        cache: 'no-store',
        signal: AbortSignal.any([abort, AbortSignal.timeout(patienceMs)]),
      });
      if (!response.ok) return await refusalOf(response);
      const { events, next } = (await response.json()) as {
        readonly events: readonly Readonly<Record<string, unknown>>[];
        readonly next: string;
      };
      const isReset = events.some(({ event }) => event === 'reset');
      if (!isAnswered && !isReset) ears.begun(cursor ?? next, undefined);
      isAnswered = true;
      for (const entry of events) hearEntry(entry, ears);
      ears.upTo(next);
      cursor = next;
    }
  } catch {
    // Lost on the way, or not wanted any more.
    return { kind: 'lost', isAnswered, retryMs: undefined };
  }
}
