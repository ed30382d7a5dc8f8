import { setTimeout as delay } from 'node:timers/promises';

export { delay };

/**
 * Asks again and again until `check` gives something other than undefined.
 *
 * @param what is awaited, as the end of "waited in vain for …"
 * @throws an Error when `limitMs` are over
 */
export async function until<T>(
  what: string,
  limitMs: number,
  everyMs: number,
  check: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const result = await check();
    if (result !== undefined) return result;
    if (performance.now() > end) throw new Error(`waited ${Math.round(limitMs / 1000)} s in vain for ${what}`);
    await delay(everyMs);
  }
}

/** `promise`, or an Error that names `what` when `limitMs` are over. */
export async function within<T>(what: string, limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${Math.round(limitMs / 1000)} s in vain for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
