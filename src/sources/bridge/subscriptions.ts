import type { IClientSubscribeOptions, ISubscriptionMap, MqttClient } from 'mqtt';
import type { Shelf } from '../../core/shelf.ts';
import type { BridgeOptions } from './options.ts';
import { filterRefusal } from './refusals.ts';

/** By bridge: what its session at the broker is subscribed to, as JSON of {@link Session}. */
const space = 'bridge.sessions';

/** What was agreed on with a broker. */
interface Session {
  readonly url: string;
  readonly clientId: string;
  /** Filters, each with the QoS asked for and the SUBACK's code. */
  readonly filters: Readonly<Record<string, readonly [qos: number, code: number]>>;
}

/** A filter that the broker does not allow. */
export interface RefusedTopic {
  readonly filter: string;
  readonly reason: string;
}

export type SubscriptionsOptions = Pick<BridgeOptions, 'name' | 'url' | 'topics' | 'protocol'>;

/**
 * What a session at the broker is subscribed to. A filter that it has already is left alone: each subscription makes a broker
 * send its retained messages again.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #shelf: Shelf;
  #session: Session | undefined;

  constructor(options: SubscriptionsOptions, shelf: Shelf) {
    this.#options = options;
    this.#shelf = shelf;
  }

  /** @throws {HeadgateError} buffer.failed when the disk does not give it */
  async load(): Promise<void> {
    const found = (await this.#shelf.entries(space)).find(([name]) => name === this.#options.name);
    if (found === undefined) return;
    try {
      this.#session = JSON.parse(Buffer.from(found[1]).toString()) as Session;
    } catch {
      // As if it had not been there: it is subscribed again.
    }
  }

  /**
   * Sees to it that the session has the filters of the configuration, and no others.
   *
   * @param isResumed whether the broker still has the session
   */
  async agree(client: MqttClient, clientId: string, isResumed: boolean): Promise<RefusedTopic[]> {
    const { name, url, topics } = this.#options;
    const known = this.#session;
    const isOurs = isResumed && known?.url === url && known.clientId === clientId;
    const before = new Map(isOurs ? Object.entries(known.filters) : []);
    const filters = new Map<string, readonly [qos: number, code: number]>();
    const missing: ISubscriptionMap = Object.create(null);
    for (const { filter, qos } of topics) {
      const agreed = before.get(filter);
      before.delete(filter);
      // What was refused may be allowed by now.
      if (agreed !== undefined && agreed[0] === qos && filterRefusal(agreed[1]) === undefined)
        filters.set(filter, agreed);
      else missing[filter] = this.#terms(filter, qos);
    }
    if (before.size > 0) await unsubscribe(client, [...before.keys()]);
    const codes = await subscribe(client, missing);
    for (const [index, filter] of Object.keys(missing).entries())
      filters.set(filter, [missing[filter]!.qos, codes[index] ?? 128]);
    this.#session = { url, clientId, filters: Object.fromEntries(filters) };
    this.#shelf.put(space, name, Buffer.from(JSON.stringify(this.#session)));
    return [...filters].flatMap(([filter, [, code]]) => {
      const reason = filterRefusal(code);
      return reason === undefined ? [] : [{ filter, reason }];
    });
  }

  #terms(filter: string, qos: 0 | 1 | 2): IClientSubscribeOptions & { qos: 0 | 1 | 2 } {
    if (this.#options.protocol !== 5) return { qos };
    // A shared subscription with No Local is a protocol error (MQTT 5.0 § 3.8.3.1).
    const isShared = filter.startsWith('$share/');
    // Retained messages only where the subscription is new to the broker.
    return { qos, nl: !isShared, rh: 1 };
  }
}

/** @returns the SUBACK's codes, in order of the filters */
function subscribe(client: MqttClient, filters: ISubscriptionMap): Promise<readonly number[]> {
  if (Object.keys(filters).length === 0) return Promise.resolve([]);
  return new Promise((resolve, reject) => {
    client.subscribe(filters, (error, _granted, packet) => {
      // It is an error for MQTT.js, too, that one of several filters was refused.
      const codes = packet?.granted as readonly (number | { qos: number })[] | undefined;
      if (codes === undefined) reject(error ?? new Error('the broker did not answer the subscription'));
      else resolve(codes.map((code) => (typeof code === 'number' ? code : code.qos)));
    });
  });
}

function unsubscribe(client: MqttClient, filters: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.unsubscribe(filters, (error) => (error ? reject(error) : resolve()));
  });
}
