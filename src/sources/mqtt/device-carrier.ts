import type { Aedes } from 'aedes';
import type { Command } from '../../core/command.ts';
import { commandMessage, commandsTopic, topicObstacle } from './device-commands.ts';

/** What it needs of the source. */
export interface CarrierDependencies {
  readonly maxTopicLevels: number;
  /** The broker while it runs. */
  readonly broker: () => Aedes | undefined;
  /** Whether a client that is connected listens to a topic by a filter that is meant for devices. */
  readonly isAddressed: (topic: string) => boolean;
}

/** Brings commands to devices over MQTT. */
export class DeviceCarrier {
  readonly #deps: CarrierDependencies;

  constructor(deps: CarrierDependencies) {
    this.#deps = deps;
  }

  /** Whether a client that listens for a device's commands is connected. */
  reaches(deviceId: string): boolean {
    return this.#deps.broker()?.closed === false && this.#deps.isAddressed(commandsTopic(deviceId));
  }

  /** Why a device can never be given a command over MQTT; undefined when it can. */
  obstacle(deviceId: string): string | undefined {
    return topicObstacle(deviceId, this.#deps.maxTopicLevels);
  }

  /** Publishes a command to who listens for it. False when nobody does. @throws when it is not known who got it */
  async deliver(command: Command): Promise<boolean> {
    const broker = this.#deps.broker();
    if (broker === undefined || !this.reaches(command.deviceId)) return false;
    await new Promise<void>((resolve, reject) => {
      broker.publish(
        {
          cmd: 'publish',
          topic: commandsTopic(command.deviceId),
          payload: Buffer.from(commandMessage(command)),
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
