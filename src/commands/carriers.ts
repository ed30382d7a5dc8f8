import type { Command, Handed } from '../core/command.ts';

/** What brings commands to devices, or is one of several ways to do so. */
export interface CommandCarrier {
  /**
   * Whether a device is there to be given a command now.
   * @param underWay how many it was given without having answered
   */
  reaches(deviceId: string, underWay: number): boolean;
  /** Why a device can never be given one this way, as the rest of a sentence; undefined when it can. */
  obstacle(deviceId: string): string | undefined;
  /**
   * Gives it to the device, at most once whatever happens. When it rejects, nobody knows.
   * @param withinMs how long it is still good for: a way that has no time for it until then gives it to nobody
   */
  deliver(command: Command, withinMs: number): Promise<Handed>;
}

/** Several ways to devices: the first that reaches a device now takes its command. */
export class Carriers implements CommandCarrier {
  readonly #all: readonly CommandCarrier[];

  /** @param all at least one; the first one's obstacles are told where no other knows the device */
  constructor(all: readonly CommandCarrier[]) {
    this.#all = all;
  }

  reaches(deviceId: string, underWay: number): boolean {
    return this.#all.some((one) => one.reaches(deviceId, underWay));
  }

  obstacle(deviceId: string): string | undefined {
    const obstacles = this.#all.map((one) => one.obstacle(deviceId));
    return obstacles.includes(undefined) ? undefined : obstacles[0];
  }

  async deliver(command: Command, withinMs: number): Promise<Handed> {
    // What it was given for is under way already: it counts no more.
    const carrier = this.#all.find((one) => one.reaches(command.deviceId, 0));
    return carrier === undefined ? false : await carrier.deliver(command, withinMs);
  }
}
