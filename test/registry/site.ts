import type { TestContext } from 'node:test';
import type { Decoded, MessageKind, ProfileVersion } from '../../src/core/decoded.ts';
import type { Sighting } from '../../src/core/device.ts';
import type { Field, FieldValue, Measurement } from '../../src/core/measurement.ts';
import type { Message } from '../../src/core/message.ts';
import type { ClockCorrections, ClockQuality } from '../../src/core/time.ts';
import { type Log, silentLog } from '../../src/lib/log.ts';
import type { PresenceReport } from '../../src/registry/presence-reports.ts';
import { DeviceRegistry, type RegistryDependencies } from '../../src/registry/registry.ts';
import { atEnd } from '../support/at-end.ts';
import { FakeTime } from '../support/fake-time.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';

/** What a message is, as a decoder would say it. */
export interface Said {
  readonly device: string;
  readonly topic?: string;
  readonly kind?: MessageKind;
  readonly fields?: Readonly<Record<string, FieldValue>> | readonly Field[];
  readonly measurements?: readonly [Measurement, ...Measurement[]];
  readonly profile?: ProfileVersion;
  readonly sightings?: readonly Sighting[];
  readonly isLesson?: boolean;
  readonly payload?: Uint8Array;
}

export function said({ device, topic, kind, fields, measurements, payload, ...rest }: Said): [Decoded, Message] {
  const list = Array.isArray(fields) ? fields : Object.entries(fields ?? {}).map(([name, value]) => ({ name, value }));
  const message = { source: 'mqtt', topic: topic ?? device, payload: payload ?? Buffer.from('{}') };
  const decoded: Decoded = {
    kind: kind ?? 'measurement',
    deviceId: device,
    measurements: measurements ?? [{ deviceId: device, fields: list }],
    keepPayload: false,
    ...rest,
  };
  return [decoded, message];
}

/** One gateway's registry through its runs, on a disk that can lose power, under a clock that the test turns. */
export class Site {
  readonly time = new FakeTime();
  readonly #t: TestContext;
  readonly #deps: Partial<RegistryDependencies>;
  disk = new MemoryDisk();
  registry!: DeviceRegistry;
  shelf = shelfOn(this.disk);
  quality: ClockQuality = 'synced';
  corrections: ClockCorrections = { of: () => undefined, shiftsMs: [] };
  /** What the collector was told, record by record. */
  readonly reports: (readonly PresenceReport[])[] = [];
  readonly warnings: string[] = [];
  readonly taught: string[] = [];
  refusal: Error | undefined;
  /** Operating time minus the clock's. */
  #lagMs = 0;

  readonly operatingMs = () => this.time.monotonic() + this.#lagMs;

  private constructor(t: TestContext, deps: Partial<RegistryDependencies>) {
    this.#t = t;
    this.#deps = deps;
  }

  static async start(t: TestContext, deps: Partial<RegistryDependencies> = {}): Promise<Site> {
    const site = new Site(t, deps);
    await site.run();
    return site;
  }

  /** A run of the gateway on what is on the disk. */
  async run(): Promise<void> {
    const { time } = this;
    const log: Log = { ...silentLog, warn: (_, text) => this.warnings.push(text) };
    this.shelf = shelfOn(this.disk);
    const registry = new DeviceRegistry({
      options: { maxDevices: 5_000, reportPresence: true },
      shelf: this.shelf,
      clock: { now: time.now, monotonic: time.monotonic, quality: () => this.quality },
      corrections: { of: (stamp) => this.corrections.of(stamp), shiftsMs: [] },
      operatingMs: this.operatingMs,
      silenceOf: () => undefined,
      teach: ({ topic }) => this.taught.push(topic),
      report: async (_, payload) => {
        if (this.refusal !== undefined) throw this.refusal;
        this.reports.push(JSON.parse(Buffer.from(payload).toString()).devices);
      },
      log,
      ...this.#deps,
    });
    this.registry = registry;
    await registry.start();
    // Its timer looks at a clock that stands still: nothing happens by it.
    atEnd(this.#t, () => registry.stop());
  }

  /** Stopped in good order, and started again after so long. */
  async restart(offMs = 60_000): Promise<void> {
    await this.registry.stop();
    await this.shelf.saved();
    await this.#off(offMs);
  }

  /** The power is cut: what has not reached the disk is lost. */
  async crash(offMs = 60_000): Promise<void> {
    this.disk = this.disk.afterCrash();
    await this.#off(offMs);
  }

  async #off(offMs: number): Promise<void> {
    this.time.sleep(offMs);
    // The time that it is off does not count.
    this.#lagMs -= offMs;
    await this.run();
  }

  /** Time goes by, second by second up to a minute and then by minutes. */
  wait(ms: number): void {
    for (let left = ms; left > 0; ) {
      const step = Math.min(left, ms > 120_000 ? 60_000 : 1_000);
      left -= step;
      this.time.sleep(step);
      this.registry.tick();
    }
  }

  /** A device says something, with one field when nothing else is said. */
  says(device: string, rest: Omit<Said, 'device'> = { fields: { value: 1 } }): void {
    const [decoded, message] = said({ device, ...rest });
    this.registry.heard(decoded, message, this.time.now());
  }

  sighted(...sightings: readonly Sighting[]): void {
    const [{ deviceId }] = sightings as [Sighting];
    this.says(deviceId, { kind: 'availability', sightings });
  }

  presence(device: string): string | undefined {
    return this.registry.describe(device)?.presence;
  }
}
