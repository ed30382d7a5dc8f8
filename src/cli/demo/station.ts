import { randomBytes } from 'node:crypto';
import { connect, type MqttClient } from 'mqtt';
import { messageOf } from '../../core/errors.ts';
import type { Random } from './random.ts';
import { type DemoDevice, type DemoMessage, sample } from './sample.ts';

/** Unacknowledged messages of one device, beyond which it waits. */
const maxInFlight = 100;
const connectTimeoutMs = 5_000;

/**
 * - `away`: no connection; MQTT.js dials again after each `retryMs`.
 * - `arriving`: connected, and has not said yet that it is there.
 * - `present`: connected and measuring.
 */
type Presence = 'away' | 'arriving' | 'present';

export interface StationEvents {
  readonly onConnected: () => void;
  /** Each failed attempt and each connection that ended, with the reason. */
  readonly onDisconnected: (reason: string) => void;
  /** A PUBACK came. */
  readonly onAcknowledged: () => void;
}

export interface StationOptions extends StationEvents {
  readonly device: DemoDevice;
  readonly url: string;
  readonly retryMs: number;
  readonly random: Random;
}

/** One simulated device and its MQTT 3.1.1 connection. It takes turns; what it says in one goes out as QoS 1. */
export class Station {
  readonly #options: StationOptions;
  #client: MqttClient | undefined;
  #presence: Presence = 'away';
  #inFlight = 0;
  #lastPayload: string | undefined;

  constructor(options: StationOptions) {
    this.#options = options;
  }

  get device(): DemoDevice {
    return this.#options.device;
  }

  /** Messages sent and not acknowledged. MQTT.js sends them again on the next connection. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get isConnected(): boolean {
    return this.#presence !== 'away';
  }

  dial(): void {
    const { device, url, retryMs, onConnected, onDisconnected } = this.#options;
    const { clientId, availability } = device;
    let reason: string | undefined;
    const client = connect(url, {
      // Two demos at one gateway must not push each other out, as clients of one name do (MQTT 3.1.1 § 3.1.4).
      clientId: `${clientId}-${randomBytes(3).toString('hex')}`,
      reconnectPeriod: retryMs,
      reconnectOnConnackError: true,
      connectTimeout: connectTimeoutMs,
      ...(availability && {
        will: { topic: availability.topic, payload: Buffer.from(availability.offline), qos: 1, retain: true },
      }),
    });
    client.on('error', (error) => {
      reason = reasonOf(error);
    });
    client.on('connect', () => {
      reason = undefined;
      this.#presence = 'arriving';
      onConnected();
    });
    client.on('close', () => {
      this.#presence = 'away';
      onDisconnected(reason ?? 'it closed the connection');
    });
    this.#client = client;
  }

  /**
   * Says what there is to say now: first that it is there, then measurements.
   * Returns what it sent, or undefined when there was nothing to send or no way to send it.
   */
  takeTurn(localMs: number): DemoMessage | undefined {
    if (this.#presence === 'away' || this.#inFlight >= maxInFlight) return undefined;
    const { device, random } = this.#options;
    const isNew = this.#presence === 'arriving';
    this.#presence = 'present';
    if (isNew && device.availability) {
      const { topic, online } = device.availability;
      return this.#publish({ topic, payload: online, isRetained: true });
    }
    const message = sample(device, localMs, random);
    if (device.reports === 'onChange' && message.payload === this.#lastPayload) return undefined;
    this.#lastPayload = message.payload;
    return this.#publish(message);
  }

  /** A device that ends its connection in good order has no will published, so it says itself that it leaves. */
  sayGoodbye(): DemoMessage | undefined {
    const { availability } = this.#options.device;
    if (this.#presence !== 'present' || !availability) return undefined;
    return this.#publish({ topic: availability.topic, payload: availability.offline, isRetained: true });
  }

  /** Ends the connection: in good order when everything was acknowledged, and otherwise at once. */
  async hangUp(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    // MQTT.js calls back only from a connection that it had.
    if (this.#presence === 'away') client.end(true);
    else await new Promise<void>((resolve) => client.end(this.#inFlight > 0, () => resolve()));
  }

  #publish(message: DemoMessage): DemoMessage {
    this.#inFlight++;
    this.#client?.publish(message.topic, message.payload, { qos: 1, retain: message.isRetained }, (error) => {
      // An error comes only to what was still on its way when the demo ended. It stays in flight: nobody knows.
      if (error) return;
      this.#inFlight--;
      this.#options.onAcknowledged();
    });
    return message;
  }
}

function reasonOf(error: Error & { readonly code?: unknown }): string {
  if (error.message === 'connack timeout') return `no answer within ${connectTimeoutMs / 1_000} s`;
  // An attempt at several addresses fails with an AggregateError, which has no message of its own.
  return messageOf(error) || String(error.code ?? error.name);
}
