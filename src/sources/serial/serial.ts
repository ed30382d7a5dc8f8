import type { Take } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import type { SerialLine } from '../../profiles/serial-line.ts';
import type { SerialOptions } from './options.ts';
import { type Pace, Port } from './port.ts';
import type { SerialStatus } from './status.ts';

export interface SerialDependencies {
  readonly options: SerialOptions;
  readonly take: Take;
  /** How devices of a profile speak on a serial port; a sentence: why it can't be said. */
  readonly lineOf: (profile: string) => SerialLine | string;
  readonly log: Log;
  readonly pace?: Pace;
}

/** The serial ports that the configuration names. A port that can't be opened keeps nothing else from running. */
export class SerialSource implements Service {
  readonly name = 'serial';
  readonly #ports: readonly Port[];

  constructor({ options: { ports, maxInFlight }, ...rest }: SerialDependencies) {
    this.#ports = ports.map((options) => new Port({ options, maxInFlight, ...rest }));
  }

  async start(): Promise<void> {
    for (const port of this.#ports) port.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.stop()));
  }

  status(): SerialStatus {
    return { ports: this.#ports.map((port) => port.status()) };
  }
}
