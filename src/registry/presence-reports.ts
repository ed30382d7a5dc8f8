import { simulatedSource } from '../core/device.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Device } from './device.ts';

/** The topic under which the collector is told. */
export const presenceTopic = 'headgate/presence';

const leastMsBetween = 60_000;
/** Devices of one record; more come with the next. */
const maxDevices = 100;

/** One device of a report. Times are ISO 8601 in UTC, by the gateway's clock at that time. */
export interface PresenceReport {
  readonly device: string;
  readonly name?: string;
  /** `offline`: it was silent for too long, and nobody said why. `online`: it was reported offline, and was heard again. */
  readonly presence: 'online' | 'offline';
  readonly since: string;
  /** How long it was silent, with `offline`. */
  readonly silentSeconds?: number;
  /** Devices that are reached through it, with `offline`: nothing is known of them, and they are not reported one by one. */
  readonly reaches?: number;
}

export interface PresenceReportsDependencies {
  readonly send: (topic: string, payload: Uint8Array) => Promise<unknown>;
  /** How many devices are reached through one. */
  readonly reachedVia: (id: string) => number;
}

/**
 * What the gateway tells of devices that went offline without a word. What they say themselves goes to the collector
 * anyway. Reports are records that are never dropped, so there is one a minute at the most, and a device that comes and goes
 * in between is in none.
 */
export class PresenceReports {
  readonly #deps: PresenceReportsDependencies;
  /** In the order in which they changed; whether it is to be reported offline or online, the device tells. */
  readonly #waiting = new Set<Device>();
  #sentAtMs: MonotonicMs = Number.NEGATIVE_INFINITY;

  constructor(deps: PresenceReportsDependencies) {
    this.#deps = deps;
  }

  /** The device's presence by itself has changed. */
  changed(device: Device): void {
    if (device.source === simulatedSource) return;
    const isOffline = isToBeReportedOffline(device);
    if (isOffline === device.isReportedOffline || device.isIgnored) this.#waiting.delete(device);
    else this.#waiting.add(device);
  }

  forget(device: Device): void {
    this.#waiting.delete(device);
  }

  /** Sends what there is, if it is time. */
  tick(now: MonotonicMs): void {
    if (this.#waiting.size === 0 || now - this.#sentAtMs < leastMsBetween) return;
    this.#sentAtMs = now;
    const devices = [...this.#waiting].slice(0, maxDevices);
    for (const device of devices) {
      this.#waiting.delete(device);
      this.#told(device, isToBeReportedOffline(device));
    }
    const report = { devices: devices.map((device) => this.#reportOf(device, now)) };
    this.#deps.send(presenceTopic, Buffer.from(JSON.stringify(report))).catch(() => {
      // The disk refused it, which the buffer tells. It is true until the presence changes, so it is tried again.
      for (const device of devices) {
        this.#told(device, !device.isReportedOffline);
        this.changed(device);
      }
    });
  }

  #told(device: Device, isOffline: boolean): void {
    device.isReportedOffline = isOffline;
    device.block.isDirty = true;
  }

  #reportOf(device: Device, now: MonotonicMs): PresenceReport {
    const { id, name, isReportedOffline, presenceSince, heardAtMs } = device;
    const reaches = this.#deps.reachedVia(id);
    return {
      device: id,
      ...(name !== id && { name }),
      presence: isReportedOffline ? 'offline' : 'online',
      since: new Date(presenceSince.atMs).toISOString(),
      ...(isReportedOffline && heardAtMs >= 0 && { silentSeconds: Math.round((now - heardAtMs) / 1_000) }),
      ...(isReportedOffline && reaches > 0 && { reaches }),
    };
  }
}

/** By silence: what the device or its bridge said themselves has been forwarded. As long as nobody knows, nothing is new. */
function isToBeReportedOffline({ ownPresence, said, isReportedOffline }: Device): boolean {
  if (ownPresence === 'unknown') return isReportedOffline;
  if (said === 'offline') return isReportedOffline;
  return ownPresence === 'offline';
}
