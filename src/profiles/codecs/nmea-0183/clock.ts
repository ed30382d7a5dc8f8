import { earliestPlausibleMs, type UnixMs } from '../../../core/time.ts';
import { RecentMap } from '../../../lib/recent-map.ts';

const dayMs = 86_400_000;
/** Before that no receiver tells the time, but where it begins to count: 2000-01-01. */
const earliest = Date.UTC(2000, 0, 1);
const maxPorts = 256;

/**
 * Most sentences tell the time of day, few the date. How far a receiver's clock is from ours is learnt from those that tell both; a
 * time alone is then that of the day on which it is nearest: right across midnight too, and with a gateway whose clock was never set.
 */
export class ReceiverClocks {
  /** By topic or port: the receiver's time less ours. */
  readonly #ahead = new RecentMap<string, number>(maxPorts);

  /** @returns undefined: the receiver does not know the date yet */
  whole(topic: string, day: UnixMs, timeOfDay: number, receivedAtMs: UnixMs): UnixMs | undefined {
    const time = day + timeOfDay;
    if (time < earliest) return undefined;
    this.#ahead.set(topic, time - receivedAtMs);
    return time;
  }

  /** @returns undefined: nobody knows the date */
  ofDay(topic: string, timeOfDay: number, receivedAtMs: UnixMs): UnixMs | undefined {
    const ahead = this.#ahead.get(topic);
    if (ahead === undefined && receivedAtMs < earliestPlausibleMs) return undefined;
    const about = receivedAtMs + (ahead ?? 0);
    return timeOfDay + Math.round((about - timeOfDay) / dayMs) * dayMs;
  }
}
