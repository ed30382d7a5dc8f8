import type { Heard } from '../core/decoded.ts';
import type { Message } from '../core/message.ts';
import type { Shelf } from '../core/shelf.ts';
import type { ClockCorrections, MonotonicMs, TrustedClock, UnixMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { Attendance } from './attendance.ts';
import { type DeviceDescription, type DeviceSummary, describeDevice, summaryOf } from './describe.ts';
import type { Device, Instant } from './device.ts';
import { DeviceShelf } from './device-shelf.ts';
import { markChanged } from './facts.ts';
import { Hearing } from './hearing.ts';
import { Lessons } from './lessons.ts';

import type { RegistryOptions } from './options.ts';
import type { Silence } from './presence.ts';
import { PresenceReports } from './presence-reports.ts';
import { Roster } from './roster.ts';
import { type HeardMessage, spotlightOn } from './spotlight.ts';
import type { RegistryStatus } from './status.ts';

export interface RegistryDependencies {
  readonly options: RegistryOptions;
  readonly shelf: Shelf;
  readonly clock: TrustedClock;
  readonly corrections: ClockCorrections;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => MonotonicMs;
  /** How long a device of a profile may be silent before it is gone, in ms, by the profile's name; undefined: it is learnt. */
  readonly silenceOf: (profile: string) => number | undefined;
  /** Decodes a message for what can be learnt of it; what it says besides is known already. */
  readonly teach: (message: Message) => void;
  /** Takes a record of the gateway's own in. */
  readonly report: (topic: string, payload: Uint8Array) => Promise<unknown>;
  readonly log: Log;
}

/** What a person says of a device; what is left out stays. */
export interface DeviceChange {
  /** Null: it has no name but those that it tells itself. */
  readonly name?: string | null;
  readonly isIgnored?: boolean;
}

const tickMs = 1_000;
/** After so much operating time nothing is learnt any more of what the time was. */
const restatedUntilMs = 30 * 24 * 3_600_000;

/** The devices that were heard: who they are, when they were there, what they said last. */
export class DeviceRegistry implements Service {
  readonly name = 'registry';
  /** Called for every message. */
  readonly heard: Heard;
  readonly #deps: RegistryDependencies;
  readonly #shelf: DeviceShelf;
  readonly #roster: Roster;
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #attendance: Attendance;
  readonly #reports: PresenceReports;
  readonly #lessons: Lessons;
  readonly #hearing: Hearing;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: RegistryDependencies) {
    const { options, shelf, clock, silenceOf, teach, report, log } = deps;
    this.#deps = deps;
    this.#shelf = new DeviceShelf(shelf);
    this.#roster = new Roster({
      maxDevices: options.maxDevices,
      shelf: this.#shelf,
      removed: (device) => this.#reports.forget(device),
      log,
    });
    this.#devices = this.#roster.devices;
    this.#attendance = new Attendance({
      devices: this.#devices,
      silenceOf,
      instant: () => this.#instant(clock.now()),
      changed: (device) => this.#reports.changed(device),
    });
    this.#reports = new PresenceReports({ send: report, reachedVia: (id) => this.#attendance.reachedVia(id) });
    this.#lessons = new Lessons({ shelf, teach, monotonic: clock.monotonic, log });
    this.#hearing = new Hearing({
      roster: this.#roster,
      attendance: this.#attendance,
      lessons: this.#lessons,
      shelf: this.#shelf,
      instant: (atMs) => this.#instant(atMs),
    });
    this.heard = this.#hearing.heard;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async start(): Promise<void> {
    const { log } = this.#deps;
    this.#hearing.now = this.#deps.operatingMs();
    for (const found of await this.#shelf.load(log)) {
      const device = this.#roster.restore(found, this.nowMs);
      const firstSeen = this.#settledInstant(device.firstSeen);
      if (firstSeen !== device.firstSeen) markChanged(device, 'late');
      device.firstSeen = firstSeen;
      device.lastSeen = device.lastSeen && this.#settledInstant(device.lastSeen);
      this.#attendance.settle(device, this.nowMs);
    }
    await this.#lessons.start();
    if (this.#devices.size > 0) log.info({ devices: this.#devices.size }, 'Devices of earlier runs are known.');
    this.#timer = setInterval(() => this.tick(), tickMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#lessons.stop();
    for (const device of this.#devices.values()) if (device.due !== 'no') this.#shelf.put(device, this.nowMs);
    this.#shelf.putSights(this.nowMs, true);
  }

  /** Looks at the time: who has been silent for too long, and what has to be written. */
  tick(): void {
    this.#hearing.now = this.#deps.operatingMs();
    for (const device of this.#devices.values()) {
      this.#attendance.settle(device, this.nowMs);
      if (device.due !== 'no') this.#shelf.putIfDue(device, this.nowMs);
      if (device.spotlight?.isOver(this.nowMs)) device.spotlight = undefined;
    }
    this.#shelf.putSights(this.nowMs);
    if (this.#deps.options.reportPresence) this.#reports.tick(this.nowMs);
  }

  /** Every device, in no order. */
  summaries(): DeviceSummary[] {
    return Array.from(this.#devices.values(), (device) => summaryOf(device, this));
  }

  /** Of all devices. */
  ids(): Iterable<string> {
    return this.#devices.keys();
  }

  /** A device as it is kept, to be read and not changed: cheap, for whoever asks again and again. Undefined: there is none. */
  find(id: string): Readonly<Device> | undefined {
    return this.#devices.get(id);
  }

  /** All that is known of one device; undefined when there is none with this id. */
  describe(id: string): DeviceDescription | undefined {
    const device = this.#devices.get(id);
    return device && describeDevice(device, this);
  }

  /**
   * The newest messages of a device as they came, the newest first: those since somebody began to ask, and for a minute after
   * that nobody did. Undefined: there is no such device.
   */
  messages(id: string): readonly HeardMessage[] | undefined {
    const device = this.#devices.get(id);
    return device && spotlightOn(device, this.#devices.values()).ask(this.nowMs);
  }

  /** Operating time as of the last tick, by which devices' times are. */
  get nowMs(): MonotonicMs {
    return this.#hearing.now;
  }

  /** An instant as far as it is known now. */
  readonly restated = (instant: Instant): Instant => {
    const { atMs, ageMs } = instant;
    const correction = this.#deps.corrections.of({ takenAtMs: atMs, ageAtMs: ageMs });
    return correction === undefined ? instant : { atMs: atMs + correction.shiftMs, quality: correction.quality };
  };

  readonly silenceOf = (device: Device): Silence => this.#attendance.silenceOf(device);

  /**
   * What a person says of a device: what is left out stays. Resolves when it is durable.
   *
   * @returns undefined when there is no such device
   * @throws {HeadgateError} buffer.failed when the disk refuses it: it holds all the same, until a restart
   */
  async change(id: string, { name, isIgnored }: DeviceChange): Promise<DeviceDescription | undefined> {
    const device = this.#devices.get(id);
    if (device === undefined) return undefined;
    if (name !== undefined) device.givenName = name ?? undefined;
    if (isIgnored !== undefined) device.isIgnored = isIgnored;
    this.#reports.changed(device);
    this.#shelf.put(device, this.nowMs);
    await this.#shelf.saved();
    return describeDevice(device, this);
  }

  /**
   * Forgets a device and its name. If it is heard again, it is a new one. Resolves when that is durable.
   *
   * @returns whether there was one
   * @throws {HeadgateError} buffer.failed when the disk refuses it: it may be back after a restart
   */
  async forget(id: string): Promise<boolean> {
    const device = this.#devices.get(id);
    if (device === undefined) return false;
    this.#roster.remove(device);
    await this.#shelf.saved();
    return true;
  }

  /** What devices told that is needed to read what they say. @throws {HeadgateError} buffer.failed */
  readonly lessons = (): Promise<readonly Message[]> => this.#lessons.all();

  status(): RegistryStatus {
    const counts = { online: 0, stale: 0, offline: 0, unknown: 0 };
    let ignored = 0;
    for (const { isIgnored, presence } of this.#devices.values()) {
      if (isIgnored) ignored++;
      else counts[presence]++;
    }
    const total = this.#devices.size - ignored;
    return {
      total,
      ...counts,
      ignored,
      unregisteredMessages: this.#roster.unregistered,
      lessons: this.#lessons.status(),
    };
  }

  /** An instant that nothing more will be learnt of, as it is known now: what was learnt is not kept for ever. */
  #settledInstant(instant: Instant): Instant {
    return instant.ageMs !== undefined && this.nowMs - instant.ageMs > restatedUntilMs
      ? this.restated({ ...instant })
      : instant;
  }

  #instant(atMs: UnixMs): Instant {
    return { atMs, ageMs: this.#deps.operatingMs(), quality: this.#deps.clock.quality() };
  }
}
