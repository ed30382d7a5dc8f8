/** Readers are given what came together: so much time at least is between two rounds. */
export const leastPauseMs = 20;
const mostPauseMs = 1_000;
/** The main thread is for the flow: so much of its time goes to readers when it has little to spare, … */
const shareWhenBusy = 0.05;
/** … and so much when it has. */
const shareWhenIdle = 0.5;
/** Utilisation of the event loop up to which it has time to spare, and from which on it has none. Between them the share shrinks. */
const idleUpTo = 0.5;
const busyFrom = 0.85;

/**
 * How long to wait from the end of a round of readers to the next one: what comes meanwhile is given out together, and what one
 * series said again and again is left out. So readers can't take more of the gateway than their share, however many there are.
 *
 * @param tookMs how long the last round took
 * @param utilisation how busy the event loop was since the round before, from 0 to 1
 */
export function pauseAfter(tookMs: number, utilisation: number): number {
  const busyness = Math.min(1, Math.max(0, (utilisation - idleUpTo) / (busyFrom - idleUpTo)));
  const share = shareWhenIdle + (shareWhenBusy - shareWhenIdle) * busyness;
  return Math.min(mostPauseMs, Math.max(leastPauseMs, tookMs / share - tookMs));
}
