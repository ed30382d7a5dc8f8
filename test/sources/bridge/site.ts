import type { TestContext } from 'node:test';
import type { Bearer, Message, RecentDelivery } from '../../../src/core/message.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { Bridges } from '../../../src/sources/bridge/bridges.ts';
import type { BridgeOptions } from '../../../src/sources/bridge/options.ts';
import type { BridgeStatus } from '../../../src/sources/bridge/status.ts';
import { atEnd } from '../../support/at-end.ts';
import { MemoryDisk, shelfOn } from '../../support/memory-shelf.ts';
import { eventually } from '../../support/wait.ts';

export const bridgeDefaults: Omit<BridgeOptions, 'url'> = {
  name: 'plant',
  topics: [{ filter: '#', qos: 1 }],
  protocol: 5,
  tls: {},
  keepalive: 30_000,
  sessionExpiry: 60_000,
  maxInFlight: 1000,
  maxPacketSize: 1024 * 1024,
  connectTimeout: 5_000,
  retryMin: 10,
  retryMax: 50,
};

/** Where a bridge's messages become durable when the test says so. It outlives the bridge of one run. */
export class BridgeSite {
  /** Of the next run. */
  options: BridgeOptions;
  /** Messages that are on record, as `TOPIC PAYLOAD`, in order. */
  readonly records: string[] = [];
  /** The same as they came. */
  readonly messages: Message[] = [];
  /** Messages whose answer waits, while they are held. */
  readonly held: { readonly message: Message; readonly bearer: Bearer }[] = [];
  isHolding = false;
  ownBroker = '127.0.0.1:1';
  /** What devices are told, by device: where it was heard, and in which words. */
  native = new Map<string, { readonly heardOn: string; readonly topic: string; readonly payload: string }>();
  disk = new MemoryDisk();
  bridges!: Bridges;
  #shelf = shelfOn(this.disk);
  #run = 0;
  #deliveries: RecentDelivery[] = [];
  readonly #t: TestContext;

  private constructor(t: TestContext, options: BridgeOptions) {
    this.#t = t;
    this.options = options;
  }

  static async start(
    t: TestContext,
    port: number,
    options: Partial<BridgeOptions> = {},
    prepare: (site: BridgeSite) => void = () => {},
  ): Promise<BridgeSite> {
    const site = new BridgeSite(t, { ...bridgeDefaults, url: `mqtt://127.0.0.1:${port}`, ...options });
    prepare(site);
    await site.run();
    atEnd(t, () => site.stop());
    return site;
  }

  /** Another run, after a crash: what was on record and on the shelf is what is left. */
  async run(): Promise<void> {
    const run = ++this.#run;
    this.#shelf = shelfOn(this.disk);
    this.bridges = new Bridges({
      options: [this.options],
      take: (message, bearer) => {
        // A process that is dead takes nothing.
        if (run !== this.#run) return;
        if (this.isHolding) this.held.push({ message: copied(message), bearer });
        else this.record(message, bearer);
      },
      shelf: this.#shelf,
      recentDeliveries: () => this.#deliveries,
      gateway: () => 'gateway-1',
      ownBroker: () => [this.ownBroker],
      devicesChanged: () => {},
      native: {
        topics: (device) => [this.native.get(device)?.topic ?? []].flat(),
        wordsFor: ({ deviceId }) => this.native.get(deviceId),
      },
      topicsOf: (device) => [this.native.get(device)?.heardOn ?? []].flat(),
      log: silentLog,
    });
    await this.bridges.start(new AbortController().signal);
  }

  /** It is on the disk, and whoever brought it is told. */
  record(message: Message, bearer: Bearer): void {
    this.records.push(`${message.topic} ${Buffer.from(message.payload).toString()}`);
    this.messages.push(copied(message));
    if (message.delivery !== undefined) this.#deliveries.push({ ...message.delivery, agoMs: 0 });
    bearer.taken(this.records.length);
  }

  /** The buffer knows those of the newest files alone. */
  forgetDeliveries(): void {
    this.#deliveries = [];
  }

  /** Lets go of what is held, oldest first. */
  release(): void {
    this.isHolding = false;
    for (const { message, bearer } of this.held.splice(0)) this.record(message, bearer);
  }

  /** The process dies; what it was told or promised is lost, what is on record is not. */
  async crash(): Promise<void> {
    const { bridges } = this;
    this.#run++;
    this.held.length = 0;
    this.disk = this.disk.afterCrash();
    await bridges.stop(AbortSignal.timeout(5_000));
  }

  /** As a gateway that is told to stop. */
  async stop(): Promise<void> {
    await this.bridges.stop(AbortSignal.timeout(5_000));
    await this.#shelf.saved();
  }

  get status(): BridgeStatus {
    return this.bridges.status()[0]!;
  }

  async subscribed(): Promise<void> {
    await eventually('the bridge to be subscribed', () => this.status.state === 'subscribed', {
      giveUp: () => (this.#t.signal.aborted ? 'the test is over' : undefined),
    });
  }
}

function copied(message: Message): Message {
  return { ...message, payload: Uint8Array.from(message.payload) };
}
