import type { Ears, End } from './ears.ts';
import { newestOf } from './newest.ts';
import { pollEvents } from './polling.ts';
import type { FromPage, LiveEvent, LiveFilter, LiveWish, StreamState, ToPage } from './protocol.ts';
import { readSocket } from './socket.ts';
import { readEvents } from './stream.ts';
import { firstWay, type Ways, wayAfter } from './ways.ts';
import { filterFor, isSame } from './wishes.ts';

/** A page that listens. */
export interface Listener {
  tell(message: ToPage): void;
}

interface Page {
  wishes: readonly LiveWish[];
  isVisible: boolean;
}

/** Pages are told at most four times a second. */
const paceMs = 250;
/** More than that at once is not worth telling: of each series the newest. */
const maxBatch = 2_000;
const firstPauseMs = 500;
const longestPauseMs = 15_000;
const readers = { events: readEvents, socket: readSocket, polling: pollEvents };

/**
 * The one stream of a browser, shared by its pages: it runs in a SharedWorker, or in the page where there is none. It has what any
 * visible page wants, goes on from where it was when it is lost, and rests while nobody looks.
 */
export class LiveHub {
  readonly #base: string;
  readonly #pages = new Map<Listener, Page>();
  #state: StreamState = { state: 'connecting' };
  #wish: LiveFilter | undefined;
  #cursor: string | undefined;
  #ways: Ways = firstWay;
  #beganMs: number | undefined;
  #run: AbortController | undefined;
  #again: (() => void) | undefined;
  #batch: LiveEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param base the page's address, as `api/…` is relative to it */
  constructor(base: string) {
    this.#base = base;
  }

  hear(listener: Listener, message: FromPage): void {
    switch (message.type) {
      case 'want':
        if (!this.#pages.has(listener)) listener.tell({ type: 'state', state: this.#state });
        this.#pages.set(listener, { wishes: message.wishes, isVisible: message.isVisible });
        this.#cursor ??= message.after;
        break;
      case 'again':
        this.#again?.();
        break;
      case 'bye':
        this.#pages.delete(listener);
        break;
    }
    this.#follow();
  }

  /** Has the stream be what is wanted now. */
  #follow(): void {
    const visible = [...this.#pages.values()].filter((page) => page.isVisible);
    const wish = filterFor(visible.flatMap((page) => page.wishes));
    if (isSame(wish, this.#wish)) return;
    this.#wish = wish;
    this.#run?.abort();
    this.#run = undefined;
    if (wish === undefined) {
      this.#become({ state: 'paused' });
      return;
    }
    const run = new AbortController();
    this.#run = run;
    void this.#keep(wish, run.signal);
  }

  /** Reads, and reads again whenever it ends. */
  async #keep(wish: LiveFilter, abort: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!abort.aborted) {
      this.#beganMs = undefined;
      const end = await readers[this.#ways.way](this.#base, wish, this.#cursor, this.#ears(), abort);
      if (abort.aborted) return;
      if (this.#beganMs !== undefined) pauseMs = firstPauseMs;
      const isAnswered = end.kind === 'refused' || end.isAnswered;
      const livedMs = this.#beganMs === undefined ? undefined : Date.now() - this.#beganMs;
      const before = this.#ways.way;
      const isHeld = end.kind === 'lost' && end.isHeld === true;
      this.#ways = wayAfter(
        this.#ways,
        Date.now(),
        livedMs,
        isAnswered && !isNotLetIn(end) && !isStarting(end),
        isHeld,
      );
      this.#ended(end);
      // Another way is tried at once.
      if (this.#ways.way === before) await this.#pause(end.retryMs ?? pauseMs * (0.75 + Math.random() / 2));
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }

  #ended(end: End): void {
    if (end.kind === 'refused' && isNotLetIn(end)) {
      this.#become({ state: 'refused', code: end.code, detail: end.detail });
    } else if (this.#state.state === 'live') {
      this.#become({ state: 'reconnecting', sinceMs: Date.now() });
    }
  }

  /** For a while, or until somebody wants to go on. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#again = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #ears(): Ears {
    return {
      begun: (cursor: string, reset: string | undefined) => {
        const isFirst = this.#cursor === undefined;
        this.#cursor = cursor;
        if (reset !== undefined && !isFirst) this.#missed({ type: 'missed', why: 'reset', reason: reset });
        this.#beganMs = Date.now();
        this.#become({ state: 'live', by: this.#ways.way });
      },
      upTo: (cursor: string) => {
        this.#cursor = cursor;
      },
      event: (event: LiveEvent) => {
        this.#cursor = event.cursor;
        this.#batch.push(event);
        this.#timer ??= setTimeout(() => this.#flush(), paceMs);
      },
      gap: (missed: number, reason: string) => {
        // Of what was left out between two values the newest came: only what is known of old ones is not whole.
        this.#missed({ type: 'missed', why: 'gap', missed, reason });
      },
    };
  }

  /** What came before is told first: applied to what is asked for now, it would be an older state. */
  #missed(message: ToPage): void {
    if (this.#timer !== undefined) this.#flush();
    this.#tellAll(message);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#batch.length > maxBatch ? newestOf(this.#batch) : this.#batch;
    this.#batch = [];
    this.#tellAll({ type: 'events', events });
  }

  #become(state: StreamState): void {
    this.#state = state;
    this.#tellAll({ type: 'state', state });
  }

  #tellAll(message: ToPage): void {
    for (const listener of this.#pages.keys()) listener.tell(message);
  }
}

/** The gateway says so itself: nothing in between keeps a way from working. */
function isStarting(end: End): boolean {
  return end.kind === 'refused' && end.code === 'gateway.not-ready';
}

/** Whoever asks has to say who they are first; another way would not be let in either. */
function isNotLetIn(end: End): boolean {
  return end.kind === 'refused' && (end.status === 401 || end.status === 403);
}
