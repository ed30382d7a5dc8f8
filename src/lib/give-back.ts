import { eventLoopUse } from './event-loop-use.ts';

const everyMs = 1_000;
/** After so many looks it is no start any more. */
const mostLooks = 60;
/** A second in which the main thread does no more than that is idle. */
const idleBelow = 0.1;

/**
 * Gives memory back to the system, in the first idle second of the first minute: V8's young generation grows to 64 MB while a program is
 * loaded, and keeps that until it has much to do and little to remember. It takes about a tenth of a second, so not while others wait for it.
 *
 * @param use how busy the main thread was since it was last asked, from 0 to 1
 */
export function giveBackWhenIdle(use: () => number = eventLoopUse(), giveBack: () => void = collectGarbage): void {
  let looks = 0;
  const timer = setInterval(() => {
    const isIdle = use() < idleBelow;
    if (isIdle) giveBack();
    if (isIdle || ++looks === mostLooks) clearInterval(timer);
  }, everyMs);
  timer.unref();
}

/** A collection that leaves as little memory as there can be: V8 has no other way to ask for it without a flag. */
export async function collectGarbage(): Promise<void> {
  const { Session } = await import('node:inspector');
  const session = new Session();
  session.connect();
  await new Promise<void>((resolve) => session.post('HeapProfiler.collectGarbage', () => resolve()));
  session.disconnect();
}
