import type { Clock, MonotonicMs } from '../core/time.ts';

/** What a silent gateway is done about. */
export interface Patience {
  /** Sent a Ping after so long without a word, which it answers; undefined: never, it has said how often it is heard. */
  readonly probeMs?: number;
  /** Given up after so long without a word. */
  readonly endMs: number;
}

/** For gateways that make no promise, version 1 among them. */
const unpromised: Patience = { probeMs: 20_000, endMs: 30_000 };
/** What was sent in time may come late. */
const leastEndMs = 10_000;

/**
 * How long a gateway may be silent. One that says how often it will be heard is left alone, as each probe would wake a link
 * that may be metered.
 */
export function patienceWith(heardEverySeconds: number): Patience {
  return heardEverySeconds === 0 ? unpromised : { endMs: Math.max(leastEndMs, heardEverySeconds * 3_000) };
}

export interface SilenceDependencies {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Nothing is read at present: who is not listened to is not silent. */
  readonly isDeaf: () => boolean;
  readonly probe: () => void;
  /** Called once. */
  readonly silent: (seconds: number) => void;
}

/** Notices that nothing is heard on one stream any more: a connection can be gone without either end's knowing. */
export class Silence {
  readonly #deps: SilenceDependencies;
  #patience: Patience = unpromised;
  #heardAt: MonotonicMs = 0;
  #isProbed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: SilenceDependencies) {
    this.#deps = deps;
  }

  start(patience: Patience): void {
    this.#patience = patience;
    this.heard();
    this.#wait();
  }

  /** Cheap: called for every message. */
  heard(): void {
    this.#heardAt = this.#deps.clock.monotonic();
    this.#isProbed = false;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const { probeMs, endMs } = this.#patience;
    const dueMs = this.#isProbed ? endMs : (probeMs ?? endMs);
    const leftMs = this.#heardAt + dueMs - this.#deps.clock.monotonic();
    this.#timer = setTimeout(() => this.#look(), Math.max(1, leftMs));
    this.#timer.unref();
  }

  #look(): void {
    const { clock, isDeaf, probe, silent } = this.#deps;
    if (isDeaf()) this.heard();
    const { probeMs, endMs } = this.#patience;
    const silentMs = clock.monotonic() - this.#heardAt;
    if (silentMs >= endMs) {
      silent(Math.round(silentMs / 1000));
      return;
    }
    if (probeMs !== undefined && silentMs >= probeMs && !this.#isProbed) {
      this.#isProbed = true;
      probe();
    }
    this.#wait();
  }
}
