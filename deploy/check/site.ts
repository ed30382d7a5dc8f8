import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type RecordLine, SinkFile, startCollector } from '../../test/support/collector.ts';
import type { HeadgateProcess } from '../../test/support/headgate-process.ts';
import { all, Device } from '../../test/support/mqtt-client.ts';
import { Oracle, settled, type Verdict } from '../../test/support/oracle.ts';
import type { Appliance } from './appliance.ts';

/** The host as the machine sees it, in QEMU's own network. */
const host = '10.0.2.2';

/**
 * What is around an appliance: a collector on this machine, devices that publish over MQTT with a password, and the books of
 * what they were promised.
 */
export class Site {
  readonly oracle = new Oracle();
  readonly #sink: SinkFile;
  readonly #collector: HeadgateProcess;
  #fleet: readonly Device[] = [];

  private constructor(sink: SinkFile, collector: HeadgateProcess) {
    this.#sink = sink;
    this.#collector = collector;
  }

  static async make(t: TestContext, directory: string): Promise<Site> {
    const sink = new SinkFile(join(directory, 'records.ndjson'));
    const collector = await startCollector(t, { sink: `file:${sink.path}` });
    return new Site(sink, collector);
  }

  /** For the card's file: the gateway's part of it. */
  get settings(): string {
    return `  uplink:\n    url: http://${host}:${this.#collector.port('collector')}`;
  }

  /** Records of the devices; the gateway's own are left out. */
  records(): readonly RecordLine[] {
    return this.#sink.look().filter(({ topic }) => topic.startsWith('site/'));
  }

  /** Makes the devices' credential, as an administrator does. Once. */
  async equip(appliance: Appliance): Promise<void> {
    await appliance.signIn();
    const made = (await appliance.api('POST', '/api/v1/credentials', {
      device: 'fleet',
      scopes: ['publish:site/#'],
    })) as { name: string; password: string };
    const login = { username: made.name, password: made.password };
    const gentle = { oracle: this.oracle, login, window: 10, paceMs: 50 };
    this.#fleet = [
      new Device({ ...gentle, topic: 'site/again' }),
      new Device({ ...gentle, topic: 'site/once', version: 5, sendsAgain: false }),
      new Device({ ...gentle, topic: 'site/qos2', qos: 2 }),
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

  stop(): void {
    for (const device of this.#fleet) device.stop();
  }

  /** Each device sends some more and has them acknowledged, and what it still has to send again. */
  async finish(appliance: Appliance, timeoutMs = 120_000): Promise<void> {
    this.stop();
    await all(this.#fleet, timeoutMs, (device) => device.run(appliance.machine.port(1883), 5));
  }

  /** @throws an Error unless all that was acknowledged is at the collector, once and unaltered */
  async settled(timeoutMs = 180_000): Promise<Verdict> {
    return await settled(this.oracle, () => this.records(), timeoutMs);
  }
}
