import type { MqttClient } from 'mqtt';

/** Where the broker does not say how much it takes (MQTT 5.0 § 3.2.2.3.3), packet ids are the limit. */
const mostOpen = 65_535;

/** What is to be published, on a topic as it is called at the broker. */
export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  /** Later it is not to be published any more. */
  readonly withinMs: number;
}

interface Waiting {
  readonly publication: Publication;
  readonly until: number;
  readonly resolve: (isGiven: boolean) => void;
  readonly reject: (error: Error) => void;
}

/**
 * What is published over one connection. No more of it is under way than the broker allows: MQTT.js does not see to that, and a broker
 * that is sent more ends the connection (§ 3.3.4).
 */
export class Outbox {
  readonly #client: MqttClient;
  readonly #given: (publication: Publication) => void;
  readonly #open = new Set<Waiting>();
  #waiting: Waiting[] = [];
  #most = mostOpen;

  /** @param given called when something is given to the broker */
  constructor(client: MqttClient, given: (publication: Publication) => void) {
    this.#client = client;
    this.#given = given;
    client.once('connect', ({ properties }) => {
      this.#most = properties?.receiveMaximum ?? mostOpen;
    });
    client.once('close', () => this.#end());
  }

  /**
   * Resolves when the broker has it, with QoS 0 when it was sent.
   *
   * @returns false when it was certainly not given to the broker
   * @throws an Error when nobody knows whether the broker has it
   */
  publish(publication: Publication): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      this.#waiting.push({ publication, until: performance.now() + publication.withinMs, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#open.size < this.#most && this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      if (performance.now() < next.until) this.#send(next);
      else next.resolve(false);
    }
  }

  #send(one: Waiting): void {
    const { topic, payload, qos } = one.publication;
    this.#open.add(one);
    this.#given(one.publication);
    this.#client.publish(topic, Buffer.from(payload), { qos }, (error) => {
      this.#open.delete(one);
      if (error) one.reject(error);
      else one.resolve(true);
      this.#next();
    });
  }

  #end(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(false);
    for (const { reject } of this.#open) reject(new Error('the connection ended before the broker had answered'));
  }
}
