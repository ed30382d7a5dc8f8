import { Alarms } from '../../src/alarms/alarms.ts';
import type { BuiltInDependencies } from '../../src/alarms/built-in/built-ins.ts';
import type { Vitals } from '../../src/alarms/built-in/findings.ts';
import type { TakenBackUpdate } from '../../src/alarms/built-in/machine.ts';
import { alarmsFaults } from '../../src/alarms/option-checks.ts';
import { type RuleTerms, ruleTermsOf } from '../../src/alarms/rule.ts';
import { WriteBehindShelf } from '../../src/buffer/shelf.ts';
import { defaultsOf } from '../../src/config/load.ts';
import { configNode } from '../../src/config/node.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Fact } from '../../src/core/live.ts';
import type { FieldValue, Measurement, Tag } from '../../src/core/measurement.ts';
import type { DeliveryKey } from '../../src/core/message.ts';
import type { Taken } from '../../src/core/taken.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { FakeTime } from '../support/fake-time.ts';
import { MemoryDisk } from '../support/memory-shelf.ts';

export const usualOptions = (defaultsOf(configNode) as Config).alarms;

export function termsOf(body: object): RuleTerms {
  const terms = ruleTermsOf(body);
  if (typeof terms === 'string') throw new Error(terms);
  return terms;
}

export const wellVitals: Vitals = {
  buffer: { state: 'open', waitingShare: 0, failure: undefined, full: undefined },
  uplink: { isUp: true, state: 'live', reason: null },
  clockQuality: 'synced',
  certificates: [],
  sources: [],
};

/** What is outside of the alarms and outlives a crash: the disk, and what the collector gets. */
export class World {
  disk = new MemoryDisk();
  readonly records: { readonly measurement: Measurement; readonly delivery: DeliveryKey }[] = [];
  /** Why no record is taken; undefined: they are. */
  refusal: string | undefined;
  vitals: Vitals = wellVitals;
  readonly devices = new Map<string, { name: string; presence: string; isIgnored: boolean }>();
  readonly time: FakeTime;
  /** Which run it is: a process that has died does nothing any more. */
  run = 0;
  sys = '/nowhere';
  /** Of an appliance; undefined: it is none. */
  takenBack: TakenBackUpdate | null | undefined;
  dataDir = '/nowhere';

  constructor(time: FakeTime) {
    this.time = time;
  }

  /** `raised`, `acknowledged`, `cleared`: what the collector was told, in order. */
  get told(): unknown[] {
    return this.records.map(({ measurement }) => measurement.fields[0]?.value);
  }
}

/** One run of the alarms. */
export class Site {
  readonly world: World;
  readonly alarms: Alarms;
  readonly facts: Fact[] = [];

  constructor(world: World, options: Partial<Config['alarms']> = {}) {
    this.world = world;
    const { time, run } = world;
    const devices: BuiltInDependencies['devices'] = {
      ids: () => world.devices.keys(),
      find: (id) => world.devices.get(id),
    };
    if (alarmsFaults(options).length > 0) throw new Error('wrong options');
    this.alarms = new Alarms({
      options: { ...usualOptions, ...options },
      shelf: new WriteBehindShelf(world.disk),
      clock: { ...time, now: time.now, monotonic: time.monotonic, quality: () => 'synced' },
      operatingMs: time.monotonic,
      live: (fact) => this.facts.push(fact),
      report: async (measurement, delivery) => {
        if (world.run !== run) await new Promise(() => {});
        if (world.refusal !== undefined) throw new Error(world.refusal);
        world.records.push({ measurement, delivery });
      },
      recentDeliveries: () => world.records.map(({ delivery }) => ({ ...delivery, agoMs: 0 })),
      places: { dataDir: world.dataDir, sys: world.sys, takenBack: () => world.takenBack },
      vitals: () => world.vitals,
      devices,
      gateway: () => 'hg-1',
      log: silentLog,
    });
  }

  static async start(world: World, options: Partial<Config['alarms']> = {}): Promise<Site> {
    const site = new Site(world, options);
    await site.alarms.start();
    await world.time.turn();
    return site;
  }

  async rule(body: object): Promise<string> {
    const added = this.alarms.addRule(
      termsOf({ name: 'n', field: 'f', comparator: 'above', value: 8, ...body }),
      'eve',
    );
    await this.#settle();
    return (await added).id;
  }

  /** A device says a value; what follows from that is done. */
  async says(value: FieldValue, rest: { device?: string; timeMs?: number; tags?: Tag[]; profile?: string } = {}) {
    this.alarms.taken(takenOf(value, rest, this.world.time.now()));
    await this.#settle();
  }

  async #settle(): Promise<void> {
    for (let i = 0; i < 4; i++) await this.world.time.turn();
  }

  /** Time goes by, second by second. */
  async wait(ms: number): Promise<void> {
    await this.world.time.advance(ms, 1_000);
    await this.#settle();
  }

  /** Of all that are known, the oldest first. */
  get states(): string[] {
    return this.alarms
      .all()
      .map(({ state }) => state)
      .reverse();
  }

  /** The process dies, and another one starts. */
  async restart(options: Partial<Config['alarms']> = {}): Promise<Site> {
    this.world.run++;
    this.world.disk = this.world.disk.afterCrash();
    this.world.time.stop();
    this.world.time.start();
    return await Site.start(this.world, options);
  }
}

export function takenOf(
  value: FieldValue,
  { device = 'd', timeMs, tags, profile }: { device?: string; timeMs?: number; tags?: Tag[]; profile?: string },
  receivedAtMs: number,
): Taken {
  return {
    measurement: {
      deviceId: device,
      fields: [{ name: 'f', value }],
      ...(timeMs !== undefined && { timeMs }),
      ...(tags && { tags }),
    },
    kind: 'measurement',
    source: 'mqtt',
    topic: device,
    receivedAtMs,
    clockQuality: 'synced',
    profile: profile === undefined ? undefined : { name: profile, version: 1 },
    sequence: 1,
    payload: undefined,
  };
}
