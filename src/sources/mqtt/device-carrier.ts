import type { Aedes } from 'aedes';
import type { Command, NativeWords } from '../../core/command.ts';
import { commandMessage, commandsTopic, topicObstacle } from './device-commands.ts';

/** What it needs of the source. */
export interface CarrierDependencies {
  readonly maxTopicLevels: number;
  /** The broker while it runs. */
  readonly broker: () => Aedes | undefined;
  /** Whether a client that is connected listens to a topic by a filter that is meant for devices. */
  readonly isAddressed: (topic: string) => boolean;
  /** Whether anybody listens to a topic. */
  readonly hasListeners: (topic: string) => boolean;
  /** Devices that are told things in words of their own. */
  readonly native: NativeWords;
}

/** Brings commands to devices over MQTT. */
export class DeviceCarrier {
  readonly #deps: CarrierDependencies;

  constructor(deps: CarrierDependencies) {
    this.#deps = deps;
  }

  /** Whether a client that listens for a device's commands is connected: to its topic here, or where the device's own are. */
  reaches(deviceId: string): boolean {
    if (this.#deps.broker()?.closed !== false) return false;
    return this.#isAddressed(deviceId) || this.#deps.native.topics(deviceId).some(this.#deps.hasListeners);
  }

  #isAddressed(deviceId: string): boolean {
    return this.#deps.isAddressed(commandsTopic(deviceId));
  }

  /** Why a device can never be given a command over MQTT; undefined when it can. */
  obstacle(deviceId: string): string | undefined {
    return topicObstacle(deviceId, this.#deps.maxTopicLevels);
  }

  /** Publishes a command to who listens for it. False when nobody does. @throws when it is not known who got it */
  async deliver(command: Command): Promise<boolean> {
    const broker = this.#deps.broker();
    if (broker === undefined || !this.reaches(command.deviceId)) return false;
    const { deviceId } = command;
    // A client that listens for this gateway's commands answers them, too: it comes first.
    const native = this.#isAddressed(deviceId) ? undefined : this.#deps.native.wordsFor(command);
    const { topic, payload } = native ?? { topic: commandsTopic(deviceId), payload: commandMessage(command) };
    await new Promise<void>((resolve, reject) => {
      broker.publish(
        {
          cmd: 'publish',
          topic,
          payload: Buffer.from(payload),
          qos: 1,
          retain: false,
          dup: false,
        },
        (error) => (error ? reject(error) : resolve()),
      );
    });
    return true;
  }
}
