import type { Interval, Intervals } from '../lib/intervals.ts';

/**
 * What a gateway is told of what is durable from `from` on: `limit` runs at the most, so that a welcome stays small
 * however many there are. What is left out is sent again and known for a duplicate. The first runs are what the gateway
 * will send first; the last one is always among them, because by it a gateway notices that it was restored from a copy
 * that is older than what it has sent.
 *
 * @param limit at least 1
 */
export function welcomeRuns(durable: Intervals, from: number, limit: number): Interval[] {
  const runs = durable.since(from, limit);
  const { last } = durable;
  if (runs.length === limit && last !== undefined && last.first > runs.at(-1)!.last) runs[limit - 1] = last;
  return runs;
}
