import type { Aedes } from 'aedes';
import type { Request } from '../../core/decoded.ts';
import type { MonotonicMs } from '../../core/time.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { topicNameFault } from '../../lib/topic-name.ts';

/** What is asked of one topic again and again is asked once in this time. */
const pauseMs = 10_000;
/** What is asked of many topics: so many at once, then so many a second. */
const burst = 100;
const perSecond = 20;
const maxTopics = 4096;

export interface RequestDependencies {
  readonly maxTopicLevels: number;
  /** The broker while it runs. */
  readonly broker: () => Aedes | undefined;
  /** Monotonic. */
  readonly now: () => MonotonicMs;
  /** There were too many: this one was left out. */
  readonly onSkipped: () => void;
}

/**
 * Publishes what decoders ask of devices, such as Sparkplug's request for a birth, to who is subscribed. With QoS 0, as Sparkplug wants
 * it, and for its reason: the next message that needs an answer asks again. It is the broker's own message, so it does not
 * come in as one of a device.
 */
export class DeviceRequests {
  readonly #deps: RequestDependencies;
  readonly #askedAt = new RecentMap<string, MonotonicMs>(maxTopics);
  #left = burst;
  #countedAt: MonotonicMs = 0;

  constructor(deps: RequestDependencies) {
    this.#deps = deps;
  }

  publish({ topic, payload }: Request): void {
    const { broker, maxTopicLevels, now, onSkipped } = this.#deps;
    const at = now();
    const before = this.#askedAt.get(topic);
    if (before !== undefined && at - before < pauseMs) return;
    // Parts of it are names from outside.
    if (topicNameFault(topic, maxTopicLevels) !== undefined) return;
    this.#left = Math.min(burst, this.#left + ((at - this.#countedAt) * perSecond) / 1_000);
    this.#countedAt = at;
    if (this.#left < 1) {
      onSkipped();
      return;
    }
    this.#left--;
    this.#askedAt.set(topic, at);
    // The message that is the reason for it is still being taken in.
    setImmediate(() => {
      const packet = {
        cmd: 'publish',
        topic,
        payload: Buffer.from(payload),
        qos: 0,
        retain: false,
        dup: false,
      } as const;
      // Whoever is slow is left out, and counted where that is decided.
      broker()?.publish(packet, () => {});
    });
  }

  /** Passes on to who is subscribed what local programs published in other ways than MQTT. */
  readonly handOn = (topic: string, payload: Uint8Array): void => {
    const packet = { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false } as const;
    // Whoever is slow is left out, and counted where that is decided.
    this.#deps.broker()?.publish(packet, () => {});
  };
}
