import { lookOf } from '../../config/watch.ts';

/**
 * Why a gateway that could not start is tried again. `changed`: its configuration file has changed. `due`: enough time is over.
 * `asked`: somebody asked for it, on the page or by SIGHUP. `safe`: somebody asked for safe mode.
 */
export type Wake = 'changed' | 'due' | 'asked' | 'safe';

const everyMs = 300;

export interface WakeningOptions {
  /** The configuration file; undefined: there is none. */
  readonly file: string | undefined;
  /** Undefined: time alone wakes nobody. */
  readonly dueMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Waits for one of the reasons to try again. */
export class Wakening {
  #wake: (wake: Wake) => void = () => {};
  #lastLook = '';

  /** @param look of the configuration file, before it was read last */
  begin(look: string): void {
    this.#lastLook = look;
  }

  /** Somebody asks. */
  ask(wake: 'asked' | 'safe'): void {
    this.#wake(wake);
  }

  /** @throws the signal's reason, once it is aborted */
  async next({ file, dueMs, signal }: WakeningOptions): Promise<Wake> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Wake>();
    this.#wake = resolve;
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    // On a terminal it says that the terminal is gone, and ends what ran there.
    const onHangup = () => resolve('asked');
    if (!process.stdin.isTTY) process.on('SIGHUP', onHangup);
    const due = dueMs === undefined ? undefined : setTimeout(() => resolve('due'), dueMs);
    let settling = this.#lastLook;
    // It is looked at, not watched: it may be gone together with its directory, and come back with another.
    const looking = setInterval(() => {
      if (file === undefined) return;
      const look = lookOf(file);
      // In the middle of being written it looks different each time.
      if (look !== this.#lastLook && look === settling) {
        this.#lastLook = look;
        resolve('changed');
      }
      settling = look;
    }, everyMs);
    try {
      return await promise;
    } finally {
      clearTimeout(due);
      clearInterval(looking);
      process.off('SIGHUP', onHangup);
      signal.removeEventListener('abort', onAbort);
      this.#wake = () => {};
    }
  }
}
