import type { MonotonicMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import { usualBudgets } from './budget.ts';
import { Device, type Instant, maxId } from './device.ts';
import type { DeviceShelf, FoundDevice } from './device-shelf.ts';
import { noteAttribute, noteTopic } from './facts.ts';
import { copyOf } from './newest.ts';
import { Vacancies } from './vacancies.ts';

export interface RosterDependencies {
  readonly maxDevices: number;
  readonly shelf: DeviceShelf;
  readonly log: Log;
  /** A device is gone from it. */
  readonly removed: (device: Device) => void;
}

/** The devices that are known, by id: who is added, and who has to leave. */
export class Roster {
  readonly #deps: RosterDependencies;
  readonly #devices = new Map<string, Device>();
  readonly #budgets = usualBudgets();
  readonly #vacancies = new Vacancies();
  /** Messages of devices that were not added. */
  unregistered = 0;

  constructor(deps: RosterDependencies) {
    this.#deps = deps;
  }

  get devices(): ReadonlyMap<string, Device> {
    return this.#devices;
  }

  /** Adds a device that is heard of for the first time. @returns undefined when it can't be */
  add(id: string, source: string, firstSeen: Instant, now: MonotonicMs): Device | undefined {
    const { maxDevices, shelf, log } = this.#deps;
    if (id.length > maxId) return this.#refuse(id, `its id is longer than ${maxId} characters`);
    if (this.#devices.size >= maxDevices) {
      const leaver = this.#vacancies.next(this.#devices.values(), now);
      if (leaver === undefined) {
        return this.#refuse(
          id,
          `${maxDevices} devices are known already: raise \`registry.maxDevices\`, or forget some`,
        );
      }
      log.info(
        { device: leaver.id },
        'A device that was not heard for a week is forgotten, to make room for a new one.',
      );
      this.remove(leaver);
    }
    const number = shelf.nextNumber();
    const block = shelf.blockFor(number);
    const device = new Device({ id: copyOf(id), number, source: copyOf(source), firstSeen, block }, now, this.#budgets);
    block.devices.add(device);
    block.isDirty = true;
    this.#devices.set(device.id, device);
    return device;
  }

  /** Adds a device that an earlier run knew. */
  restore({ id, stored, sight }: FoundDevice, now: MonotonicMs): Device {
    const { number, source, firstSeen, lastSeen } = stored;
    const block = this.#deps.shelf.blockFor(number);
    const device = new Device({ id, number, source, firstSeen, block }, now, this.#budgets);
    block.devices.add(device);
    // It was written by an earlier run, and nothing has changed since.
    block.writtenAtMs = now;
    device.givenName = stored.givenName;
    device.toldName = stored.toldName;
    device.profile = stored.profile;
    device.via = stored.via;
    device.isIgnored = stored.isIgnored ?? false;
    device.said = stored.said;
    for (const attribute of stored.attributes) noteAttribute(device, attribute);
    for (const topic of stored.topics) noteTopic(device, topic);
    device.due = 'no';
    device.lastSeen = sight?.lastSeen ?? lastSeen;
    if (sight !== undefined) {
      device.messages = sight.messages;
      device.measurements = sight.measurements;
      device.isReportedOffline = sight.isReportedOffline;
      Object.assign(device.rhythm, sight.rhythm);
    }
    this.#devices.set(id, device);
    return device;
  }

  remove(device: Device): void {
    this.#devices.delete(device.id);
    device.release();
    this.#deps.shelf.remove(device);
    this.#deps.removed(device);
  }

  #refuse(id: string, reason: string): undefined {
    if (this.unregistered++ > 0) return;
    this.#deps.log.warn(
      { device: id.slice(0, 200) },
      `A device is not registered: ${reason}. Its messages are taken in all the same. Further ones are only counted.`,
    );
  }
}
