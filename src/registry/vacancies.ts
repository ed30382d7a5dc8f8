import type { MonotonicMs } from '../core/time.ts';
import type { Device } from './device.ts';

/** A device that was not heard for so long may go when there is no room for a new one. A week. */
const unheardMs = 7 * 24 * 3_600_000;
const lookEveryMs = 60_000;

/**
 * Who leaves when a new device comes and there is no room: one that is offline, was not heard for a week of operation, and
 * that nobody has named or ignored; the one that was not heard for longest. Nobody is looked for more often than once
 * a minute, so that a flood of new names costs nothing.
 */
export class Vacancies {
  #leavers: Device[] = [];
  #lookedAtMs: MonotonicMs = Number.NEGATIVE_INFINITY;

  next(devices: Iterable<Device>, now: MonotonicMs): Device | undefined {
    if (this.#leavers.length === 0 && now - this.#lookedAtMs >= lookEveryMs) {
      this.#lookedAtMs = now;
      this.#leavers = [...devices].filter((one) => mayLeave(one, now)).sort((a, b) => lastMs(b) - lastMs(a));
    }
    for (let leaver = this.#leavers.pop(); leaver !== undefined; leaver = this.#leavers.pop()) {
      // It may have come back since it was found.
      if (leaver.block.devices.has(leaver) && mayLeave(leaver, now)) return leaver;
    }
    return undefined;
  }
}

function mayLeave(device: Device, now: MonotonicMs): boolean {
  const { ownPresence, givenName, isIgnored } = device;
  return ownPresence === 'offline' && givenName === undefined && !isIgnored && now - lastMs(device) >= unheardMs;
}

/** When it was heard last, or first heard of, in operating time. */
function lastMs({ lastSeen, firstSeen }: Device): MonotonicMs {
  return lastSeen?.ageMs ?? firstSeen.ageMs ?? 0;
}
