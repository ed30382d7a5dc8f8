import { setTimeout as delay } from 'node:timers/promises';
import { type Expected, type Oracle, regenerate } from './oracle.ts';
import { type MqttVersion, RawMqtt } from './raw-mqtt.ts';
import { within } from './wait.ts';

export interface DeviceOptions {
  readonly oracle: Pick<Oracle, 'sent' | 'acknowledged'>;
  /** Its messages. Default: those that become one record. */
  readonly regenerate?: (topic: string, index: number) => Expected;
  readonly topic: string;
  readonly version?: MqttVersion;
  readonly qos?: 1 | 2;
  /** Unacknowledged messages at once. Default 50. */
  readonly window?: number;
  /** Rest between two bursts of at most a window, in milliseconds. Default 0. */
  readonly paceMs?: number;
  /** Whether what was not acknowledged is sent again on the next connection, as a good device does. Default true. */
  readonly sendsAgain?: boolean;
  /** Default: none is shown. */
  readonly login?: { readonly username: string; readonly password: string };
}

interface Flight {
  readonly expected: Expected;
  /** When it was put on the wire, by performance.now(). */
  readonly at: number;
}

/**
 * A simulated device: publishes numbered messages on one topic, a window of them at a time, and keeps the oracle's
 * books. It survives its connections: `run` on the next port goes on where the last one stopped.
 */
export class Device {
  readonly #options: Required<Omit<DeviceOptions, 'login'>> & Pick<DeviceOptions, 'login'>;
  readonly #inFlight = new Map<number, Flight>();
  /** QoS 2 packet ids with PUBREC and without PUBCOMP. */
  readonly #released = new Set<number>();
  #nextIndex = 0;
  #nextId = 0;
  #isStopping = false;
  /** How long each acknowledgement took, in milliseconds. */
  readonly latencies: number[] = [];

  constructor(options: DeviceOptions) {
    this.#options = { regenerate, version: 4, qos: 1, window: 50, paceMs: 0, sendsAgain: true, ...options };
  }

  get topic(): string {
    return this.#options.topic;
  }

  /** Messages begun so far. */
  get begun(): number {
    return this.#nextIndex;
  }

  /** Lets `run` come to an end: nothing new is sent, and it returns when all is acknowledged. */
  stop(): void {
    this.#isStopping = true;
  }

  /**
   * Connects and publishes until `count` messages are acknowledged on this connection, or `stop` is called, or the
   * connection ends.
   *
   * @returns whether it came to its own end
   */
  async run(port: number, count = Number.POSITIVE_INFINITY): Promise<boolean> {
    this.#isStopping = false;
    const { version, sendsAgain, window, paceMs, regenerate: next } = this.#options;
    const client = await this.#connect(port, version);
    if (client === undefined) return false;
    if (!sendsAgain) this.#inFlight.clear();
    for (const messageId of this.#released) client.send({ cmd: 'pubrel', messageId });
    for (const [messageId, { expected }] of this.#inFlight) this.#send(client, messageId, expected, true);
    const enough = this.#nextIndex + count;
    while (true) {
      while (!this.#isStopping && this.#inFlight.size < window && this.#nextIndex < enough) {
        this.#send(client, this.#freeId(), next(this.topic, this.#nextIndex++), false);
      }
      if (this.#inFlight.size + this.#released.size === 0) break;
      if (!(await this.#acknowledgement(client))) return false;
      if (paceMs > 0) await delay(paceMs);
    }
    await client.drop();
    return true;
  }

  async #connect(port: number, version: MqttVersion): Promise<RawMqtt | undefined> {
    const { login } = this.#options;
    const keep = {
      clean: false,
      ...(version === 5 && { properties: { sessionExpiryInterval: 3600 } }),
      ...(login !== undefined && { username: login.username, password: Buffer.from(login.password) }),
    };
    try {
      return await RawMqtt.connect(port, `device-${this.topic}`, version, keep);
    } catch {
      // Refused or cut off before CONNACK: there is no connection, and that is all there is to know.
      return undefined;
    }
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId % 65_535) + 1;
    while (this.#inFlight.has(this.#nextId) || this.#released.has(this.#nextId));
    return this.#nextId;
  }

  #send(client: RawMqtt, messageId: number, expected: Expected, isAgain: boolean): void {
    const { qos, topic, oracle } = this.#options;
    this.#inFlight.set(messageId, { expected, at: performance.now() });
    oracle.sent(expected);
    client.send({ cmd: 'publish', topic, qos, messageId, payload: expected.payload, dup: isAgain, retain: false });
  }

  /** Waits for the next acknowledgement and takes all that have come; false when the connection has ended. */
  async #acknowledgement(client: RawMqtt): Promise<boolean> {
    const { qos, oracle } = this.#options;
    const isOver = !(await client.someArrived(60_000));
    for (const packet of client.inbox.splice(0)) {
      if (packet.cmd === 'pubcomp') this.#released.delete(packet.messageId ?? 0);
      if (packet.cmd !== (qos === 1 ? 'puback' : 'pubrec')) continue;
      const { messageId = 0, reasonCode = 0 } = packet;
      const flight = this.#inFlight.get(messageId);
      if (flight === undefined || reasonCode >= 0x80) continue;
      this.#inFlight.delete(messageId);
      this.latencies.push(performance.now() - flight.at);
      oracle.acknowledged(flight.expected);
      if (qos === 2) {
        this.#released.add(messageId);
        if (!isOver) client.send({ cmd: 'pubrel', messageId });
      }
    }
    return !isOver;
  }
}

/** Runs `work` for every device at once. @throws an Error when it takes longer than `timeoutMs` */
export async function all<T>(
  devices: readonly Device[],
  timeoutMs: number,
  work: (device: Device) => Promise<T>,
): Promise<T[]> {
  return await within(timeoutMs, 'all devices', Promise.all(devices.map(work)));
}
