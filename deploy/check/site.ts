import { equal } from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RecordLine, SinkFile, startCollector } from '../../test/support/collector.ts';
import type { FakeClock } from '../../test/support/fake-clock.ts';
import type { HeadgateProcess } from '../../test/support/headgate-process.ts';
import { all, Device, type DeviceOptions } from '../../test/support/mqtt-client.ts';
import { Oracle, settled, type Verdict } from '../../test/support/oracle.ts';
import { eventually } from '../../test/support/wait.ts';
import type { Appliance } from './appliance.ts';
import { assertNoneDropped } from './results.ts';

/** How much a device publishes. */
export type Pace = Pick<DeviceOptions, 'window' | 'paceMs'>;

/** What became of all that a site was promised. */
export interface Ending {
  readonly acknowledged: number;
  readonly lost: 0;
  readonly doubled: number;
  /** A line for each. */
  readonly failedUnits: string;
}

/** The host as the machine sees it, in QEMU's own network. */
const host = '10.0.2.2';

/**
 * What is around an appliance: a collector on this machine, devices that publish over MQTT with a password, and the books of
 * what they were promised.
 */
export class Site {
  readonly oracle = new Oracle();
  readonly #t: TestContext;
  readonly #sink: SinkFile;
  #collector: HeadgateProcess;
  /** The collector's, also while there is none. */
  readonly #port: number;
  #fleet: readonly Device[] = [];

  private constructor(t: TestContext, sink: SinkFile, collector: HeadgateProcess) {
    this.#t = t;
    this.#sink = sink;
    this.#collector = collector;
    this.#port = collector.port('collector');
  }

  static async make(t: TestContext, directory: string): Promise<Site> {
    const sink = new SinkFile(join(directory, 'records.ndjson'));
    const collector = await startCollector(t, { sink: `file:${sink.path}` });
    return new Site(t, sink, collector);
  }

  /** For the card's file: the gateway's part of it. */
  get settings(): string {
    return `  uplink:\n    url: http://${host}:${this.#port}`;
  }

  /** The collector is out of reach from now on. */
  async stopCollector(): Promise<void> {
    await this.#collector.stop();
  }

  /** It is back where it was, by this clock if one is given. */
  async startCollector(clock?: FakeClock): Promise<void> {
    const env = clock?.env ?? {};
    this.#collector = await startCollector(this.#t, { sink: `file:${this.#sink.path}`, port: this.#port, env });
  }

  /** Records of the devices; the gateway's own are left out. */
  records(): readonly RecordLine[] {
    return this.#sink.look().filter(({ topic }) => topic.startsWith('site/'));
  }

  /**
   * Makes the devices' credential, as an administrator does. Once.
   *
   * @param pace of each device: how many messages are on their way at once, and how long it waits after an acknowledgement
   */
  async equip(appliance: Appliance, pace: Pace = { window: 10, paceMs: 50 }): Promise<void> {
    await appliance.signIn();
    const made = (await appliance.api('POST', '/api/v1/credentials', {
      device: 'fleet',
      scopes: ['publish:site/#'],
    })) as { name: string; password: string };
    const login = { username: made.name, password: made.password };
    const common = { oracle: this.oracle, login, ...pace };
    this.#fleet = [
      new Device({ ...common, topic: 'site/again' }),
      new Device({ ...common, topic: 'site/once', version: 5, sendsAgain: false }),
      new Device({ ...common, topic: 'site/qos2', qos: 2 }),
    ];
  }

  get isEquipped(): boolean {
    return this.#fleet.length > 0;
  }

  /** How long acknowledgements took so far, in milliseconds, shortest first. */
  get latencies(): readonly number[] {
    return this.#fleet.flatMap(({ latencies }) => latencies).sort((one, other) => one - other);
  }

  /** The devices publish until they are stopped or cut off. */
  load(appliance: Appliance): Promise<unknown> {
    return all(this.#fleet, 3_600_000, (device) => device.run(appliance.machine.port(1883)));
  }

  /** As {@link load}, and who is cut off or refused comes again. The end waits for what is on its way, so long as the machine answers. */
  persist(appliance: Appliance): { end(): Promise<void> } {
    let isOver = false;
    const going = all(this.#fleet, 3_600_000, async (device) => {
      while (!isOver && appliance.machine.isRunning) {
        await device.run(appliance.machine.port(1883));
        if (!isOver) await delay(500);
      }
    });
    return {
      end: async () => {
        isOver = true;
        this.stop();
        await going;
      },
    };
  }

  /** Has more than so many messages acknowledged. @returns how many it were, and when by this machine's clock */
  async takeIn(
    appliance: Appliance,
    atLeast: number,
  ): Promise<{ readonly count: number; readonly from: number; readonly to: number }> {
    const before = this.oracle.acknowledgedCount;
    const from = Date.now();
    const load = this.persist(appliance);
    await eventually('acknowledgements', () => this.oracle.acknowledgedCount > before + atLeast, {
      timeoutMs: 180_000,
      everyMs: 250,
    });
    await load.end();
    return { count: this.oracle.acknowledgedCount - before, from, to: Date.now() };
  }

  stop(): void {
    for (const device of this.#fleet) device.stop();
  }

  /** Each device sends some more and has them acknowledged, and what it still has to send again. */
  async finish(appliance: Appliance, timeoutMs = 120_000): Promise<void> {
    this.stop();
    await all(this.#fleet, timeoutMs, (device) => device.run(appliance.machine.port(1883), 5));
  }

  /** Everything arrives, and the machine is stopped. @throws an Error when something is missing or was dropped */
  async end(appliance: Appliance): Promise<Ending> {
    await this.finish(appliance);
    const { acknowledged, lost, doubled } = await this.settled();
    assertNoneDropped((await appliance.status()).buffer.ledger.dropped);
    const failedUnits = await appliance.failedUnits();
    await appliance.stop();
    equal(lost.length, 0);
    return { acknowledged, lost: 0, doubled: doubled.length, failedUnits };
  }

  /** @throws an Error unless all that was acknowledged is at the collector, once and unaltered */
  async settled(timeoutMs = 180_000): Promise<Verdict> {
    return await settled(this.oracle, () => this.records(), timeoutMs);
  }
}
