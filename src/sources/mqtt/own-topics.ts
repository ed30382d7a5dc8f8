import type { Onlooker, Taken } from '../../core/taken.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { topicMatches } from '../../lib/topic-filter.ts';
import { devicesPrefix, topicObstacle } from './device-commands.ts';
import type { FanOut } from './fan-out.ts';
import { type LatestField, latestJson, measurementJson } from './measurement-json.ts';
import type { KeptPacket } from './packet-codec.ts';
import type { Session } from './session.ts';
import type { Subscribers } from './subscribers.ts';

const prefix = 'headgate/';
const measurementsEnd = '/measurements';
export const statusTopic = `${prefix}status`;
/** Topics of devices that are known at once, so that they are not put together for each measurement. */
const maxTopics = 4096;

/** What the gateway tells on topics of its own. */
export interface Telling {
  /** The state of the gateway in JSON; the same text as long as nothing has changed. Undefined: nothing is known yet. */
  readonly status: () => string | undefined;
  /** Ids of the devices that there are. */
  readonly deviceIds: () => Iterable<string>;
  /** The newest value of each of a device's fields since the gateway started; undefined: there is no such device. */
  readonly latest: (deviceId: string) => readonly LatestField[] | undefined;
}

export interface OwnTopicsDependencies extends Telling {
  readonly subscribers: Subscribers<Session>;
  readonly fanOut: FanOut;
  readonly maxTopicLevels: number;
}

/** Where a device's measurements are told. Its id may have several levels. */
export function measurementsTopic(deviceId: string): string {
  return `${devicesPrefix}${deviceId}${measurementsEnd}`;
}

/** Whether only the gateway itself speaks on a topic. */
export function isOwnTopic(topic: string): boolean {
  // Asked for every message: one character tells nearly all of them.
  if (topic.charCodeAt(0) !== 0x68) return false;
  return topic === statusTopic || (topic.startsWith(devicesPrefix) && topic.endsWith(measurementsEnd));
}

/**
 * What the gateway tells local clients on topics of its own: each measurement once it is as durable as its rule asks, and the state of the
 * gateway when it changes. Nothing is put into words unless somebody listens, and nothing of it comes in again. Whoever subscribes gets what
 * is known now as a retained message, from memory.
 */
export class OwnTopics implements Onlooker {
  readonly wantsPayloads = false;
  readonly #deps: OwnTopicsDependencies;
  readonly #topics = new RecentMap<string, string>(maxTopics);
  /** The state that was told last; undefined: nobody listened. */
  #told: string | undefined;

  constructor(deps: OwnTopicsDependencies) {
    this.#deps = deps;
  }

  taken(taken: Taken): void {
    const { subscribers } = this.#deps;
    const { deviceId, fields } = taken.measurement;
    if (subscribers.ofOwnTopics === 0 || fields.length === 0) return;
    const topic = this.#topicOf(deviceId);
    if (topic !== '' && subscribers.wants(topic)) this.#publish(topic, measurementJson(taken));
  }

  /** Tells the state of the gateway if it has changed. */
  tick(): void {
    const { subscribers, status } = this.#deps;
    if (subscribers.ofOwnTopics === 0 || !subscribers.wants(statusTopic)) {
      this.#told = undefined;
      return;
    }
    const before = this.#told;
    this.#told = status();
    // Whoever came since the last time was told when it subscribed.
    if (before !== undefined && this.#told !== undefined && before !== this.#told)
      this.#publish(statusTopic, this.#told);
  }

  /** What a new subscriber is told as retained messages, made as it is asked for. */
  *retained(filter: string): Generator<KeptPacket> {
    const { status, deviceIds, latest } = this.#deps;
    if (!/^(\+|#|headgate)(\/|$)/.test(filter)) return;
    if (topicMatches(filter, statusTopic)) {
      this.#told ??= status();
      if (this.#told !== undefined) yield retainedPacket(statusTopic, this.#told);
    }
    const isWild = /[+#]/.test(filter);
    if (!isWild && !isOwnTopic(filter)) return;
    const asked = filter.slice(devicesPrefix.length, -measurementsEnd.length);
    for (const deviceId of isWild ? deviceIds() : [asked]) {
      const topic = this.#topicOf(deviceId);
      if (topic === '' || !topicMatches(filter, topic)) continue;
      const fields = latest(deviceId);
      if (fields !== undefined && fields.length > 0) yield retainedPacket(topic, latestJson(deviceId, fields));
    }
  }

  /** Empty when the device can have none. */
  #topicOf(deviceId: string): string {
    let topic = this.#topics.get(deviceId);
    if (topic === undefined) {
      topic = topicObstacle(deviceId, this.#deps.maxTopicLevels) === undefined ? measurementsTopic(deviceId) : '';
      this.#topics.set(deviceId, topic);
    }
    return topic;
  }

  #publish(topic: string, text: string): void {
    const { fanOut } = this.#deps;
    const packet = { topic, payload: Buffer.from(text), qos: 1, retain: false } as const;
    fanOut.keep(packet);
    // It is no message of a client that waits for an acknowledgement: its copies for clients that are away are on disk within a second.
    fanOut.kept(packet);
    fanOut.emit(packet);
  }
}

function retainedPacket(topic: string, text: string): KeptPacket {
  return { cmd: 'publish', topic, payload: Buffer.from(text), qos: 1, retain: true };
}
