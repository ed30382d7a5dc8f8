import { crc32 } from 'node:zlib';
import type { PublishPacket } from 'aedes';
import { topicNameFault } from '../../lib/topic-name.ts';

const maxRemembered = 10_000;
/** A longer topic is looked at each time: ten thousand of them would fill the memory. */
const maxRememberedLength = 1024;

/** Finds what is wrong with a PUBLISH or a will that aedes lets through; remembers topics that are fine. */
export class PacketInspector {
  readonly #maxTopicLevels: number;
  /** Topics that are fine, each with its checksum. */
  readonly #goodTopics = new Map<string, number>();

  constructor(maxTopicLevels: number) {
    this.#maxTopicLevels = maxTopicLevels;
  }

  /** Whether there was a message on a topic lately, and nothing wrong with the topic. */
  isGood(topic: string): boolean {
    return this.#goodTopics.has(topic);
  }

  /** What is wrong, in words; undefined when nothing is. */
  faultOf(packet: PublishPacket): string | undefined {
    const { topic, qos } = packet;
    if (!this.#goodTopics.has(topic)) {
      const fault = topicNameFault(topic, this.#maxTopicLevels);
      if (fault !== undefined) return fault;
      if (this.#goodTopics.size >= maxRemembered) this.#goodTopics.clear();
      if (topic.length <= maxRememberedLength) this.#goodTopics.set(topic, crc32(topic));
    }
    if (qos > 2) return 'the QoS is 3';
    // A will has no packet identifier, and no command either (MQTT 5.0 § 2.2.1).
    if (packet.cmd === 'publish' && qos > 0 && !(packet.messageId !== undefined && packet.messageId >= 1)) {
      return 'the packet identifier is missing or 0';
    }
    return undefined;
  }

  /** Checksum of topic and payload, 32 bits unsigned: one message's, whichever way it comes. */
  digestOf({ topic, payload }: PublishPacket): number {
    return crc32(payload, this.#goodTopics.get(topic) ?? crc32(topic));
  }
}
