import type { Command, Handed, SerialWords } from '../../core/command.ts';
import type { Port } from './port.ts';

/** How devices on serial ports are told things. */
export interface SerialLanguage {
  /** The port of a device whose profile has words for it there. */
  readonly portOf: (deviceId: string) => string | undefined;
  readonly wordsFor: (command: Command) => SerialWords | undefined;
}

/** Brings commands to devices on serial ports: one at a time each, between what they are asked from time to time. */
export class SerialCarrier {
  readonly #language: SerialLanguage;
  readonly #ports: ReadonlyMap<string, Port>;

  constructor(language: SerialLanguage, ports: readonly Port[]) {
    this.#language = language;
    this.#ports = new Map(ports.map((port) => [port.name, port]));
  }

  /** A device's port is open, and it is not busy with another command: what waits there can not expire. */
  reaches(deviceId: string, underWay: number): boolean {
    return underWay === 0 && this.#portOf(deviceId)?.reaches === true;
  }

  obstacle(deviceId: string): string | undefined {
    return this.#portOf(deviceId) === undefined ? 'it is on no serial port' : undefined;
  }

  async deliver(command: Command, withinMs: number): Promise<Handed> {
    const words = this.#language.wordsFor(command);
    if (words === undefined)
      return { outcome: 'failed', reason: 'its profile has no words for this on a serial line any more' };
    return (await this.#portOf(command.deviceId)?.tell(words, withinMs)) ?? false;
  }

  #portOf(deviceId: string): Port | undefined {
    if (this.#ports.size === 0) return undefined;
    const name = this.#language.portOf(deviceId);
    return name === undefined ? undefined : this.#ports.get(name);
  }
}
