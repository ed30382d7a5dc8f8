import { EventLines } from './event-lines.ts';
import type { LiveEvent, LiveWish } from './protocol.ts';
import { queryOf } from './wishes.ts';

/** Who hears what a stream has. */
export interface StreamEars {
  /** It begins: what follows comes after this cursor. `reset`: not where it was asked to go on. */
  begun(cursor: string, reset: string | undefined): void;
  event(event: LiveEvent): void;
  /** Some were left out. */
  gap(missed: number, reason: string): void;
}

/** Why a stream ended. */
export type StreamEnd =
  /** The connection is gone, or never was. `retryMs`: not before that. */
  | { readonly kind: 'lost'; readonly retryMs: number | undefined }
  /** The gateway said no: 401, 403, 503. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: string;
      readonly detail: string;
      readonly retryMs: number | undefined;
    };

/** Longer than two heartbeats (15 s each): a stream of which nothing is heard is gone. */
const silentMs = 35_000;

/**
 * Server-Sent Events until they end. Not an EventSource, as that tells nobody why it was not let in.
 *
 * @param base the page's own address: what `api/…` is relative to
 */
export async function readEvents(
  base: string,
  wish: LiveWish,
  after: string | undefined,
  ears: StreamEars,
  abort: AbortSignal,
): Promise<StreamEnd> {
  const query = queryOf(wish);
  if (after !== undefined) query.set('after', after);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silentMs);
  let retryMs: number | undefined;
  try {
    const response = await fetch(new URL(`api/v1/live?${query}`, base), {
      cache: 'no-store',
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([abort, silence.signal]),
    });
    if (!response.ok || response.body === null) return await refusalOf(response);
    const lines = new EventLines();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { kind: 'lost', retryMs };
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silentMs);
      for (const one of lines.push(decoder.decode(value, { stream: true }))) {
        retryMs = one.retryMs ?? retryMs;
        hear(one.event, one.data, ears);
      }
    }
  } catch {
    // Lost on the way, silent, or not wanted any more.
    return { kind: 'lost', retryMs };
  } finally {
    clearTimeout(timer);
  }
}

function hear(name: string, data: string, ears: StreamEars): void {
  const said = JSON.parse(data) as Readonly<Record<string, unknown>>;
  switch (name) {
    case 'ready':
      ears.begun(String(said.cursor), undefined);
      break;
    case 'reset':
      ears.begun(String(said.cursor), String(said.reason));
      break;
    case 'gap':
      ears.gap(Number(said.missed), String(said.reason));
      break;
    case 'error':
      // The end follows, with what to do in its `retry`.
      break;
    default:
      ears.event(said as LiveEvent);
  }
}

async function refusalOf(response: Response): Promise<StreamEnd> {
  const { status } = response;
  let body: Readonly<Record<string, unknown>> = {};
  try {
    body = await response.json();
  } catch {
    // From a proxy, say.
  }
  const seconds = Number(response.headers.get('retry-after'));
  const retryMs = seconds > 0 ? seconds * 1_000 : undefined;
  return { kind: 'refused', status, code: String(body.code ?? 'unknown'), detail: String(body.detail ?? ''), retryMs };
}
