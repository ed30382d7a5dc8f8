import { realpath } from 'node:fs/promises';
import type { Take } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import type { SerialLine } from '../../profiles/serial-line.ts';
import type { SerialOptions } from './options.ts';
import { type Pace, Port } from './port.ts';
import { existingPorts, type PortPlaces } from './port-list.ts';
import type { ListedPort, SerialPortStatus, SerialStatus } from './status.ts';

export interface SerialDependencies {
  readonly options: SerialOptions;
  readonly take: Take;
  /** How devices of a profile speak on a serial port; a sentence: why it can't be said. */
  readonly lineOf: (profile: string) => SerialLine | string;
  readonly log: Log;
  readonly pace?: Pace;
  readonly places?: PortPlaces;
}

/** The serial ports that the configuration names. A port that can't be opened keeps nothing else from running. */
export class SerialSource implements Service {
  readonly name = 'serial';
  readonly #deps: SerialDependencies;
  readonly #ports: readonly Port[];

  constructor(deps: SerialDependencies) {
    const { options, ...rest } = deps;
    const { ports, maxInFlight } = options;
    this.#deps = deps;
    this.#ports = ports.map((one) => new Port({ ...rest, options: one, maxInFlight }));
  }

  async start(): Promise<void> {
    for (const port of this.#ports) port.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.stop()));
  }

  /** The ports that this machine has, then those that are only in the configuration. */
  readonly list = async (): Promise<ListedPort[]> => {
    const existing = await existingPorts(this.#deps.places);
    const left = new Set(this.status().ports);
    const nodes = new Map<string, string | null>();
    for (const { path } of left) nodes.set(path, await realpath(path).catch(() => null));
    const there = existing.map((port) => {
      const configured = [...left].find(({ path }) => path === port.path || nodes.get(path) === port.node);
      if (configured !== undefined) left.delete(configured);
      return { ...port, configured: configured === undefined ? null : brief(configured) };
    });
    const others = [...left].map((port): ListedPort => {
      const node = nodes.get(port.path) ?? null;
      return { path: port.path, node, usb: null, adapter: null, suggestions: [], configured: brief(port) };
    });
    return [...there, ...others];
  };

  status(): SerialStatus {
    return { ports: this.#ports.map((port) => port.status()) };
  }
}

function brief({ name, profile, state, reason }: SerialPortStatus): NonNullable<ListedPort['configured']> {
  return { name, profile, state, reason };
}
