import type { Shelf } from '../core/shelf.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Device, Due, SightBlock } from './device.ts';
import {
  blockOf,
  decodeDevice,
  decodeSights,
  encodeDevice,
  encodeSights,
  idOf,
  keyOf,
  lastOf,
  type StoredDevice,
  type StoredSight,
} from './stored.ts';

const devicesSpace = 'registry.devices';
const sightsSpace = 'registry.sights';

/** How often a device's entry is written at the most, unless a person changed it. */
const leastMsBetween: Readonly<Record<Due, number>> = { no: Number.POSITIVE_INFINITY, soon: 60_000, late: 3_600_000 };
/** How often what changes all the time is written: so old may it be after a crash. */
const sightsEveryMs = 5 * 60_000;

/** What was found on the shelf at start. */
export interface FoundDevice {
  readonly id: string;
  readonly stored: StoredDevice;
  readonly sight: StoredSight | undefined;
}

/** The registry's entries on the shelf: what is written when, so that much traffic makes few writes. */
export class DeviceShelf {
  readonly #shelf: Shelf;
  readonly #blocks = new Map<number, SightBlock>();
  #nextNumber = 0;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** Every device that can be read. @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(log: Log): Promise<readonly FoundDevice[]> {
    let damaged = 0;
    const sights = new Map<number, StoredSight>();
    for (const [key, value] of await this.#shelf.entries(sightsSpace)) {
      const found = decodeSights(value);
      if (found === undefined) {
        damaged++;
        this.#shelf.delete(sightsSpace, key);
        // A number that was given is never given again, also if what it was given to can't be read.
        if (/^\d{1,12}$/.test(key)) this.#reserve(lastOf(Number(key)));
      }
      for (const [number, sight] of found ?? []) {
        sights.set(number, sight);
        this.#reserve(number);
      }
    }
    const devices: FoundDevice[] = [];
    const numbers = new Set<number>();
    for (const [key, value] of await this.#shelf.entries(devicesSpace)) {
      const id = idOf(key);
      const stored = decodeDevice(value);
      if (id === undefined || stored === undefined || numbers.has(stored.number)) {
        damaged++;
        this.#shelf.delete(devicesSpace, key);
        continue;
      }
      numbers.add(stored.number);
      this.#reserve(stored.number);
      devices.push({ id, stored, sight: sights.get(stored.number) });
    }
    if (damaged > 0) {
      log.warn(
        { entries: damaged, devices: devices.length },
        'Some of what was known of devices can not be read. Such a device is registered anew when it is heard: give it its name again.',
      );
    }
    return devices;
  }

  nextNumber(): number {
    return this.#nextNumber++;
  }

  /** The block that a device with this number has its counts in. */
  blockFor(number: number): SightBlock {
    const at = blockOf(number);
    let block = this.#blocks.get(at);
    if (block === undefined) {
      block = { number: at, devices: new Set(), isDirty: false, writtenAtMs: Number.NEGATIVE_INFINITY };
      this.#blocks.set(at, block);
    }
    return block;
  }

  /** Takes a device's entry in now, whatever it was written last. */
  put(device: Device, now: MonotonicMs): void {
    this.#shelf.put(devicesSpace, keyOf(device.id), encodeDevice(device));
    device.due = 'no';
    device.writtenAtMs = now;
  }

  /** Writes a device's entry if its time has come. */
  putIfDue(device: Device, now: MonotonicMs): void {
    if (device.due !== 'no' && now - device.writtenAtMs >= leastMsBetween[device.due]) this.put(device, now);
  }

  /** Takes a device out. */
  remove(device: Device): void {
    this.#shelf.delete(devicesSpace, keyOf(device.id));
    device.block.devices.delete(device);
    device.block.isDirty = true;
  }

  /** Writes what changes all the time, where its time has come. @param isLast all of it: the gateway stops */
  putSights(now: MonotonicMs, isLast = false): void {
    for (const block of this.#blocks.values()) {
      if (!block.isDirty || (now - block.writtenAtMs < sightsEveryMs && !isLast)) continue;
      block.isDirty = false;
      block.writtenAtMs = now;
      const key = String(block.number);
      if (block.devices.size > 0) this.#shelf.put(sightsSpace, key, encodeSights(block.devices));
      else this.#shelf.delete(sightsSpace, key);
    }
  }

  /** Resolves when all of it is durable. @throws {HeadgateError} buffer.failed when the disk refuses it */
  saved(): Promise<void> {
    return this.#shelf.saved();
  }

  #reserve(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }
}
