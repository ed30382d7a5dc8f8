import type { MonotonicMs } from '../core/time.ts';
import type { Device, Instant } from './device.ts';
import { ownPresence, type Parent, presenceBehind, type Silence, silenceOf } from './presence.ts';

export interface AttendanceDependencies {
  readonly devices: ReadonlyMap<string, Device>;
  /** How long a device of a profile may be silent before it is gone, in ms, by the profile's name; undefined: it is learnt. */
  readonly silenceOf: (profile: string) => number | undefined;
  /** This moment by every clock. */
  readonly instant: () => Instant;
  /** A device's presence by itself has changed. */
  readonly changed: (device: Device) => void;
}

/** A bridge behind a bridge behind a bridge: no further, and rings end. */
const maxHops = 8;

/** Who is there: keeps each device's presence. */
export class Attendance {
  readonly #deps: AttendanceDependencies;

  constructor(deps: AttendanceDependencies) {
    this.#deps = deps;
  }

  silenceOf(device: Device): Silence {
    return silenceOf(device.rhythm, device.profile && this.#deps.silenceOf(device.profile.name));
  }

  /** Brings a device's presence up to date. */
  settle(device: Device, now: MonotonicMs): void {
    const { said, sinceMs } = device;
    const heardAtMs = device.heardAtMs < 0 ? undefined : device.heardAtMs;
    const own = ownPresence({ said, heardAtMs, sinceMs, silence: this.silenceOf(device) }, now);
    const isChanged = own !== device.ownPresence;
    if (isChanged) {
      device.ownPresence = own;
      device.ownSinceMs = now;
    }
    const presence = device.via === undefined ? own : presenceBehind(own, heardAtMs, this.#parentsOf(device));
    if (presence !== device.presence) {
      device.presence = presence;
      device.presenceSince = this.#deps.instant();
    }
    if (isChanged) this.#deps.changed(device);
  }

  /** How many devices are reached through one. */
  reachedVia(id: string): number {
    let count = 0;
    for (const { via } of this.#deps.devices.values()) if (via === id) count++;
    return count;
  }

  #parentsOf(device: Device): Parent[] {
    const parents: Parent[] = [];
    let { via } = device;
    while (via !== undefined && parents.length < maxHops) {
      const parent = this.#deps.devices.get(via);
      if (parent === undefined) break;
      parents.push({ presence: parent.ownPresence, sinceMs: parent.ownSinceMs });
      via = parent.via;
    }
    return parents;
  }
}
