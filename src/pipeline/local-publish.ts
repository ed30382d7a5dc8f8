import { HeadgateError } from '../core/errors.ts';
import type { Bearer, Deliver, Message, Receipt, Take } from '../core/message.ts';
import { topicNameFault } from '../lib/topic-name.ts';

export interface LocalPublishDependencies {
  readonly take: Take;
  /** Passes a message on to who is subscribed to its topic over MQTT. Copies what it keeps. */
  readonly handOn: (topic: string, payload: Uint8Array) => void;
  readonly maxTopicLevels: number;
  readonly maxPayloadBytes: number;
  /** Why what is `bulk` is not taken now; undefined: it is. */
  readonly refusalOfBulk?: () => Error | undefined;
}

/** Topics that the gateway gives a meaning: what is published there is no message of a device. */
const own = 'headgate/';

/**
 * The way in for what local programs publish by other ways than MQTT: held to what MQTT clients are held to, and passed on
 * to those that are subscribed, once it is taken.
 */
export class LocalPublish {
  readonly #deps: LocalPublishDependencies;

  constructor(deps: LocalPublishDependencies) {
    this.#deps = deps;
  }

  readonly take: Take = (given, bearer) => {
    const { take, refusalOfBulk } = this.#deps;
    const message = refusalOfBulk === undefined ? given : { ...given, refusalOfBulk };
    // What a program says of a device is no message of MQTT: its measurement is passed on as such.
    if (message.said !== undefined) {
      take(message, bearer);
      return;
    }
    const fault = this.#faultOf(message);
    if (fault === undefined) take(message, this.#passingOn(message, bearer));
    else bearer.refused(new HeadgateError('request.invalid', `This can't be published: ${fault}.`));
  };

  readonly deliver: Deliver = (message) =>
    new Promise<Receipt>((resolve, reject) => {
      const taken = (sequence: number): void => resolve(sequence > 0 ? { sequence } : {});
      this.take(message, { taken, refused: reject });
    });

  #faultOf({ topic, payload }: Message): string | undefined {
    const { maxTopicLevels, maxPayloadBytes } = this.#deps;
    if (topic.startsWith(own)) return "topics under headgate/ are the gateway's own";
    if (payload.length > maxPayloadBytes)
      return `the payload has ${payload.length} bytes, and ${maxPayloadBytes} are allowed (mqtt.maxPacketSize)`;
    return topicNameFault(topic, maxTopicLevels);
  }

  #passingOn({ topic, payload }: Message, bearer: Bearer): Bearer {
    // The flow keeps no payload, and this has to until the message is durable.
    const kept = Uint8Array.from(payload);
    return {
      taken: (sequence) => {
        this.#deps.handOn(topic, kept);
        bearer.taken(sequence);
      },
      refused: (error) => bearer.refused(error),
    };
  }
}
