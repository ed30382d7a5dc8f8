/**
 * How many messages may be sent now. What could not be sent in its time is forgotten after a quarter of a second, so
 * that an outage is not followed by a burst.
 *
 * @param allowed what was left the last time; may be a fraction
 * @param elapsedMs since then
 * @param rate messages a second
 */
export function refill(allowed: number, elapsedMs: number, rate: number): number {
  return Math.min(Math.max(1, rate / 4), allowed + (elapsedMs * rate) / 1_000);
}

/** How often to look: twice as often as messages are due, within reason. In milliseconds. */
export function tickMsOf(rate: number): number {
  return Math.min(100, Math.max(5, 500 / rate));
}
