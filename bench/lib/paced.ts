import { monotonicMs } from './load-protocol.ts';
import { delay, within } from './wait.ts';

export interface PacedCalls<T> {
  readonly perSecond: number;
  readonly seconds: number;
  /** Makes the n-th call, from 0. Resolves when its whole answer is there. */
  readonly call: (n: number) => Promise<T>;
  /** Looks at an answer, outside of its time. @throws an Error when it is not what was asked for */
  readonly check: (answer: T, n: number) => void;
  /** How long the last answers may take to come, in ms; default 10 s. */
  readonly limitMs?: number;
}

/**
 * Makes calls at a steady rate, whether or not earlier ones are answered.
 *
 * @returns for each how long it took from when it was due until it was answered, in ms
 * @throws the error of the first call that failed, or an Error when answers do not come
 */
export async function pacedCalls<T>({ perSecond, seconds, call, check, limitMs = 10_000 }: PacedCalls<T>) {
  const count = Math.ceil(perSecond * seconds);
  const times = new Float64Array(count);
  const underWay: Promise<void>[] = [];
  let hasFailed = false;
  const timed = async (n: number, dueMs: number): Promise<void> => {
    const answer = await call(n);
    times[n] = monotonicMs() - dueMs;
    check(answer, n);
  };
  const startedMs = monotonicMs();
  for (let n = 0; n < count && !hasFailed; n++) {
    const dueMs = startedMs + (n * 1000) / perSecond;
    while (monotonicMs() < dueMs) await delay(1);
    const one = timed(n, dueMs);
    // Whoever waits for all below is told what it was.
    one.catch(() => {
      hasFailed = true;
    });
    underWay.push(one);
  }
  await within('the last answers', limitMs, Promise.all(underWay));
  return times;
}
