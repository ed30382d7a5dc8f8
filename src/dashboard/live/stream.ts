import { type Ears, type End, hearEntry, refusalOf } from './ears.ts';
import { EventLines } from './event-lines.ts';
import type { LiveFilter } from './protocol.ts';
import { queryOf } from './wishes.ts';

/** Longer than two heartbeats (15 s each): a stream of which nothing is heard is gone. */
const silentMs = 35_000;
/** The gateway says `ready` at once; who waits that long has something in between that holds streams back. */
const firstMs = 5_000;

/**
 * Server-Sent Events until they end. Not an EventSource, as that tells nobody why it was not let in.
 *
 * @param base the page's own address: what `api/…` is relative to
 */
export async function readEvents(
  base: string,
  wish: LiveFilter,
  after: string | undefined,
  ears: Ears,
  abort: AbortSignal,
): Promise<End> {
  const query = queryOf(wish);
  if (after !== undefined) query.set('after', after);
  const silence = new AbortController();
  const awaited = (ms: number) => setTimeout(() => silence.abort(), ms);
  let timer = awaited(firstMs);
  let retryMs: number | undefined;
  let isAnswered = false;
  let isHeard = false;
  try {
    const response = await fetch(new URL(`api/v1/live?${query}`, base), {
      cache: 'no-store',
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([abort, silence.signal]),
    });
    isAnswered = true;
    if (!response.ok || response.body === null) return await refusalOf(response);
    const lines = new EventLines();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { kind: 'lost', isAnswered, retryMs };
      isHeard = true;
      clearTimeout(timer);
      timer = awaited(silentMs);
      for (const one of lines.push(decoder.decode(value, { stream: true }))) {
        retryMs = one.retryMs ?? retryMs;
        // Of an error the end follows, with what to do in its `retry`.
        if (one.event !== 'error') hearEntry(JSON.parse(one.data), ears);
      }
    }
  } catch {
    // Lost on the way, silent, or not wanted any more. Headers that never come are held back like events.
    const isHeld = silence.signal.aborted && !isHeard;
    return { kind: 'lost', isAnswered: isAnswered || isHeld, isHeld, retryMs };
  } finally {
    clearTimeout(timer);
  }
}
