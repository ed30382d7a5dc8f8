import { signal } from '@preact/signals';
import { LiveHub } from './hub.ts';
import type { FromPage, LiveEvent, LiveWish, StreamState, ToPage } from './protocol.ts';

// The page's end of the live stream.

/** How the stream is, for people. */
export const stream = signal<StreamState>({ state: 'connecting' });

/** Somebody wants to look at how things are now: nothing comes until it is false again, and then all that came meanwhile. */
export const isPaused = signal(false);

/** Hears what happens. */
export interface LiveEars {
  /** What it wants; the stream may bring more. */
  readonly wish: LiveWish;
  /** It hears also while nobody looks; the others are told then that they missed something. Not while somebody paused. */
  readonly isAlways?: boolean;
  /** In order, at most four times a second; empty when nothing of its kind came. */
  events(events: readonly LiveEvent[]): void;
  /** Some are missing: what is known has to be asked for again. */
  missed?(why: 'reset' | 'gap'): void;
}

const ears = new Set<LiveEars>();
/** While nobody looked some heard, and the stream went on without the others. */
let wentOn = false;
const base = typeof document === 'undefined' ? '' : new URL('.', document.baseURI).href.replace(/#.*/, '');
let send: ((message: FromPage) => void) | undefined;
let after: string | undefined;

/** Where the feed was before this page asked for anything: the stream begins there, unless it goes on already. */
export function followFrom(cursor: string): void {
  after ??= cursor;
}

/** Follows what happens until the returned function is called. */
export function follow(one: LiveEars): () => void {
  ears.add(one);
  want();
  return () => {
    ears.delete(one);
    want();
  };
}

/** Tries again at once: somebody signed in. */
export function followAgain(): void {
  send?.({ type: 'again' });
}

function want(): void {
  send ??= connect();
  const isSeen = document.visibilityState === 'visible';
  const heard = [...ears].filter(({ isAlways = false }) => isSeen || isAlways);
  const isVisible = heard.length > 0 && !isPaused.value;
  send({ type: 'want', wishes: heard.map(({ wish }) => wish), isVisible, ...(after !== undefined && { after }) });
  if (!isSeen) wentOn ||= isVisible;
  else if (wentOn) {
    wentOn = false;
    for (const one of ears) if (!one.isAlways) one.missed?.('gap');
  }
}

function connect(): (message: FromPage) => void {
  document.addEventListener('visibilitychange', want);
  isPaused.subscribe(() => send && want());
  if (typeof SharedWorker === 'undefined') {
    // Chrome on Android before 2026, say: this page has a stream of its own.
    const hub = new LiveHub(base);
    const listener = { tell: hear };
    addEventListener('pagehide', () => hub.hear(listener, { type: 'bye' }));
    addEventListener('pageshow', ({ persisted }) => persisted && want());
    return (message) => hub.hear(listener, message);
  }
  const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'headgate' });
  worker.port.onmessage = ({ data }: MessageEvent<ToPage>) => hear(data);
  const post = (message: FromPage): void => worker.port.postMessage({ ...message, base });
  addEventListener('pagehide', () => post({ type: 'bye' }));
  addEventListener('pageshow', ({ persisted }) => persisted && want());
  return post;
}

function hear(message: ToPage): void {
  switch (message.type) {
    case 'state':
      stream.value = message.state;
      return;
    case 'events':
      for (const one of ears) {
        const { kinds, devices } = one.wish;
        const own = message.events.filter(
          ({ event, deviceId }) =>
            (kinds === undefined || kinds.includes(event)) &&
            (devices === undefined || (deviceId !== undefined && devices.includes(deviceId))),
        );
        if (own.length > 0) one.events(own);
      }
      return;
    case 'missed':
      for (const one of ears) one.missed?.(message.why);
  }
}
