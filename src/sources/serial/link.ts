import { setTimeout as delay } from 'node:timers/promises';
import { nextBackoff } from '../../lib/backoff.ts';

/** What is done over one connection, from its opening to its end. */
export interface Linked {
  /** Resolves when it is over, with the reason as a sentence; it never rejects. */
  readonly closed: Promise<string>;
  close(reason: string): void;
}

export type LinkState<C> =
  | { readonly name: 'closed' }
  /** It can't be opened now; tried again by itself. */
  | { readonly name: 'waiting'; readonly reason: string }
  | { readonly name: 'open'; readonly conversation: C };

/** Times in ms. */
export interface LinkPace {
  /** How often it is looked whether what the link leads to is still there: if it was unplugged, nobody may say so. Default 1,000. */
  readonly watchMs: number;
  /** Between attempts to open it. Default 1,000 to 30,000. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export const usualLinkPace: LinkPace = { watchMs: 1_000, retryMinMs: 1_000, retryMaxMs: 30_000 };

export interface LinkDependencies<C> {
  /** @returns why not, as a sentence, when it can't be opened; it never rejects */
  readonly open: (signal: AbortSignal) => Promise<C | string>;
  readonly opened: (conversation: C) => void;
  /** It can't be opened, for another reason than before. */
  readonly failed: (reason: string) => void;
  /** It was open. @param isAsked it was closed to be opened anew, or for good */
  readonly lost: (conversation: C, reason: string, isAsked: boolean) => void;
  /** Another one, or none, says that what was there is gone. */
  readonly identity: () => Promise<string | undefined>;
  readonly pace: LinkPace;
}

/** What is opened, and opened again whatever happens to it, until it is stopped. */
export class Link<C extends Linked> {
  readonly #deps: LinkDependencies<C>;
  readonly #stopping = new AbortController();
  #state: LinkState<C> = { name: 'closed' };
  /** Ends the present wait. */
  #wake = new AbortController();
  /** Why what is being opened, or is open, has to be opened anew. */
  #anew: string | undefined;
  #running: Promise<void> | undefined;

  constructor(deps: LinkDependencies<C>) {
    this.#deps = deps;
  }

  get state(): LinkState<C> {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** It is to be opened in another way: at once, whether it is open, being opened, or waited for. */
  openAnew(reason: string): void {
    this.#anew = reason;
    if (this.#state.name === 'open') this.#state.conversation.close(reason);
    this.#wake.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.openAnew('The gateway stops.');
    await this.#running;
  }

  async #run(): Promise<void> {
    const { open, opened, failed, lost, pace } = this.#deps;
    const { signal } = this.#stopping;
    let waitedMs = 0;
    while (!signal.aborted) {
      this.#anew = undefined;
      const conversation = await open(signal);
      if (typeof conversation === 'string') {
        const isNews = this.#state.name !== 'waiting' || this.#state.reason !== conversation;
        this.#state = { name: 'waiting', reason: conversation };
        if (isNews && !signal.aborted) failed(conversation);
        waitedMs = await this.#wait(waitedMs);
        continue;
      }
      const openedAt = performance.now();
      this.#state = { name: 'open', conversation };
      if (this.#anew === undefined) opened(conversation);
      else conversation.close(this.#anew);
      const reason = await conversation.closed;
      this.#state = { name: 'waiting', reason };
      lost(conversation, reason, this.#isAsked);
      // One that is lost as soon as it is open would be opened without end.
      if (performance.now() - openedAt > pace.retryMaxMs) waitedMs = 0;
      waitedMs = await this.#wait(waitedMs);
    }
    this.#state = { name: 'closed' };
  }

  get #isAsked(): boolean {
    return this.#anew !== undefined;
  }

  /** Until the next attempt: soon when what it leads to has come back. @returns how long it waited */
  async #wait(waitedMs: number): Promise<number> {
    if (this.#isAsked) return 0;
    const { identity, pace } = this.#deps;
    const { watchMs, retryMinMs: minMs, retryMaxMs: maxMs } = pace;
    this.#wake = new AbortController();
    const { signal } = this.#wake;
    const before = await identity();
    const waitMs = nextBackoff({ minMs, maxMs }, waitedMs, Math.random());
    try {
      for (let leftMs = waitMs; leftMs > 0; leftMs -= watchMs) {
        await delay(Math.min(watchMs, leftMs), undefined, { signal });
        if ((await identity()) !== before) return 0;
      }
    } catch {
      // It is to be opened anew, or not any more.
      return 0;
    }
    return waitMs;
  }
}
