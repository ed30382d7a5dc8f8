import type { TestContext } from 'node:test';
import type { ShelfDisk } from '../../../src/buffer/shelf.ts';
import type { NativeWords } from '../../../src/core/command.ts';
import type { Message, Receipt, RecentDelivery } from '../../../src/core/message.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { MqttAccess, MqttLoad } from '../../../src/sources/mqtt/gate.ts';
import type { MqttTls } from '../../../src/sources/mqtt/listeners.ts';
import type { LatestField } from '../../../src/sources/mqtt/measurement-json.ts';
import { MqttSource } from '../../../src/sources/mqtt/mqtt.ts';
import type { BrokerOptions, MqttOptions } from '../../../src/sources/mqtt/options.ts';
import { atEnd } from '../../support/at-end.ts';
import { MemoryDisk, shelfOn } from '../../support/memory-shelf.ts';
import { openAccess } from '../../support/open-access.ts';
import { type MqttVersion, RawMqtt } from '../../support/raw-mqtt.ts';
import { eventually } from '../../support/wait.ts';

const defaults: BrokerOptions = {
  host: '127.0.0.1',
  port: 0,
  maxPacketSize: 256 * 1024,
  maxConnections: 100,
  maxInFlight: 1000,
  maxTopicLevels: 20,
  maxSubscriptionsPerClient: 1000,
  maxRetained: 100,
  maxRetainedBytes: 1e6,
  maxSessions: 100,
  maxQueuedPerClient: 1000,
  maxQueuedBytes: 1e7,
  maxUnsentPerClient: 1e6,
  maxKeepAlive: 0,
  connectTimeout: 10_000,
  drainTimeout: 5_000,
};

/** Where a run's shelf is. */
export interface SiteDisk extends ShelfDisk {
  /** What a crash leaves of it. */
  afterCrash(): SiteDisk;
  release(): void;
}

/** What is as durable as the test says: the records and the shelf. It outlives the broker of one run. */
export class Site<D extends SiteDisk = MemoryDisk> {
  readonly #options: Partial<MqttOptions>;
  source!: MqttSource;
  disk: D;
  /** Every message that is on record, in order. */
  records: Message[] = [];
  operatingMs = 0;
  /** Unanswered calls of `deliver`, while they are held. */
  readonly held: { readonly message: Message; readonly settle: (error?: Error) => void }[] = [];
  isHolding = false;
  /** Devices' answers to commands. */
  readonly answers: { readonly deviceId: string; readonly commandId: string; readonly payload: string }[] = [];
  answered = async (deviceId: string, commandId: string, payload: Uint8Array): Promise<void> => {
    this.answers.push({ deviceId, commandId, payload: Buffer.from(payload).toString() });
  };
  devicesChanged = (): void => {};
  /** What the gateway says of itself, and of its devices. */
  status: string | undefined;
  readonly latest = new Map<string, readonly LatestField[]>();
  /** Devices with words of their own: none. */
  /** Who may do what; set it before a crash, or start with it. */
  access: MqttAccess = openAccess;
  tls: MqttTls | undefined;
  load: MqttLoad | undefined;
  native: NativeWords = { topics: () => [], wordsFor: () => undefined };

  private constructor(options: Partial<MqttOptions>, disk: D) {
    this.#options = options;
    this.disk = disk;
  }

  static async start(t: TestContext, options: Partial<MqttOptions> = {}): Promise<Site> {
    return await Site.on(t, new MemoryDisk(), options);
  }

  static async on<D extends SiteDisk>(
    t: TestContext,
    disk: D,
    options: Partial<MqttOptions> = {},
    access: MqttAccess = openAccess,
    tls?: MqttTls,
    load?: MqttLoad,
  ): Promise<Site<D>> {
    const site = new Site(options, disk);
    site.access = access;
    site.tls = tls;
    site.load = load;
    await site.#run(site.disk);
    atEnd(t, () => site.source.stop());
    return site;
  }

  /** The process is gone and comes back: what was on disk is there, and nothing else. */
  async crash(options: Partial<MqttOptions> = {}): Promise<void> {
    const old = this.source;
    this.disk.release();
    this.disk = this.disk.afterCrash() as D;
    for (const { settle } of this.held.splice(0)) settle(new Error('it is gone'));
    this.isHolding = false;
    // It writes on, to a disk that nobody has any more.
    const deliveries = this.deliveries();
    await Promise.all([old.stop(), this.#run(this.disk, options, deliveries)]);
  }

  /** A restart in good order. */
  async restart(): Promise<void> {
    await this.source.stop();
    await this.#run(this.disk);
  }

  connect(
    id: string,
    version: MqttVersion = 4,
    more: Parameters<typeof RawMqtt.connect>[3] = {},
  ): ReturnType<typeof RawMqtt.connect> {
    return RawMqtt.connect(this.port, id, version, more);
  }

  /** Connects a client whose session outlives its connection, and subscribes it. */
  async subscriber(id: string, filter: string, qos: 0 | 1 | 2 = 1): ReturnType<typeof RawMqtt.connect> {
    const client = await this.connect(id, 4, { clean: false });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos }] });
    await client.take('suback');
    return client;
  }

  /** Ends a connection as a power cut does, and waits until the broker has noticed. */
  async lose(client: RawMqtt): Promise<void> {
    // It is counted once it is through with CONNECT.
    await client.ping();
    const before = this.source.status().connections;
    await client.drop();
    await eventually('the broker to notice', () => this.source.status().connections < before);
  }

  get port(): number {
    return Number(this.source.address.split(':').at(-1));
  }

  /** Payloads on record. */
  get payloads(): string[] {
    return this.records.map(({ payload }) => Buffer.from(payload).toString());
  }

  deliveries(): RecentDelivery[] {
    return this.records.flatMap(({ delivery }) => (delivery === undefined ? [] : [{ ...delivery, agoMs: 0 }]));
  }

  async #run(disk: D, options: Partial<MqttOptions> = {}, deliveries = this.deliveries()) {
    const records = this.records;
    this.source = new MqttSource({
      options: { ...defaults, ...this.#options, ...options },
      take: (message, bearer) => {
        const outcome =
          disk === this.disk ? this.#deliver(message, records) : Promise.reject<Receipt>(new Error('gone'));
        outcome.then(
          ({ sequence = 0 }) => bearer.taken(sequence),
          (error) => bearer.refused(error),
        );
      },
      shelf: shelfOn(disk),
      recentDeliveries: () => deliveries,
      access: this.access,
      tls: this.tls,
      ...(this.load && { load: () => this.load! }),
      commands: {
        answered: (...answer) => this.answered(...answer),
        devicesChanged: () => this.devicesChanged(),
        native: this.native,
      },
      operatingMs: () => this.operatingMs,
      telling: {
        status: () => this.status,
        deviceIds: () => this.latest.keys(),
        latest: (id) => this.latest.get(id),
      },
      log: silentLog,
    });
    await this.source.start();
  }

  #deliver(message: Message, records: Message[]): Promise<Receipt> {
    const { source, topic, payload, mqttQos, delivery } = message;
    const kept: Message = {
      source,
      topic,
      payload: Uint8Array.from(payload),
      ...(mqttQos !== undefined && { mqttQos }),
      ...(delivery && { delivery: { client: delivery.client, packetId: delivery.packetId, digest: delivery.digest } }),
    };
    if (!this.isHolding) {
      records.push(kept);
      return Promise.resolve({ sequence: records.length });
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        records.push(kept);
        resolve({ sequence: records.length });
      };
      this.held.push({ message: kept, settle });
    });
  }
}

/** A PUBLISH to topic `t`. */
export function publish(
  qos: 0 | 1 | 2,
  messageId: number,
  payload: string,
  more: { topic?: string; dup?: boolean; retain?: boolean; properties?: object } = {},
) {
  const packet = { cmd: 'publish' as const, topic: 't', payload, dup: false, retain: false, qos, ...more };
  return qos === 0 ? packet : { ...packet, messageId };
}
