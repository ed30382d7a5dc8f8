import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the check may keep failing, in milliseconds. Default 20,000: a busy machine takes long, and a check that holds ends at once. */
  readonly timeoutMs?: number;
  /** Time between two checks, in milliseconds. Default 20. */
  readonly everyMs?: number;
  /** Asked before each check: a reason to give up early (a process that has ended, say). */
  readonly giveUp?: () => string | undefined;
}

/**
 * Runs `check` until it neither throws nor returns false, and gives its result. For things that another process does
 * and that no event tells of; where there is an event, wait for the event.
 *
 * @param what is expected, as the end of "waited in vain for …"
 * @throws an Error that names `what`, with the last failure of `check` as its cause, when the time is over
 */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 20, giveUp }: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const result = await check();
      if (result !== false) return result as Exclude<T, false>;
    } catch (error) {
      cause = error;
    }
    const reason = giveUp?.() ?? (performance.now() > deadline ? `${timeoutMs} ms are over` : undefined);
    if (reason !== undefined) throw new Error(`waited in vain for ${what}: ${reason}`, { cause });
    await delay(everyMs);
  }
}

/**
 * `promise`, or an Error that names `what` once `timeoutMs` are over. The timer does not outlive the promise.
 */
export async function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}: ${timeoutMs} ms are over`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
