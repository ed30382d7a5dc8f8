import { realpath } from 'node:fs/promises';
import { HeadgateError } from '../../core/errors.ts';
import type { RecentDelivery, Take } from '../../core/message.ts';
import type { Shelf } from '../../core/shelf.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import type { LineGuess, SerialGuess } from '../../profiles/serial-guess.ts';
import type { SerialLine } from '../../profiles/serial-line.ts';
import { LastFrames } from './last-frames.ts';
import type { SerialOptions } from './options.ts';
import { Port, type PortDependencies } from './port.ts';
import { existingPorts, type PortPlaces } from './port-list.ts';
import { type Scan, type ScanDependencies, type ScanRequest, scanPort } from './scan.ts';
import { SerialCarrier, type SerialLanguage } from './serial-carrier.ts';
import type { ListedPort, SerialPortStatus, SerialStatus } from './status.ts';
import { isVirtualPort } from './virtual-port.ts';

/** What profiles say of serial ports. */
export interface SerialProfiles extends SerialLanguage {
  /** How devices of a profile speak; a sentence: why it can't be said. */
  readonly lineOf: (profile: string) => SerialLine | string;
  /** How lines are set, the usual ones first. */
  readonly lines: () => readonly LineGuess[];
  /** What may be on a port that says this, the likeliest first. */
  readonly guess: (bytes: Uint8Array) => readonly SerialGuess[];
  readonly questions: ScanDependencies['questions'];
  readonly askedLines: readonly LineGuess[];
}

export interface SerialDependencies extends Pick<PortDependencies, 'pace' | 'open'> {
  readonly options: SerialOptions;
  readonly take: Take;
  readonly shelf: Shelf;
  /** What the last run has on record, oldest first. */
  readonly recentDeliveries: () => readonly RecentDelivery[];
  readonly profiles: SerialProfiles;
  /** A device may be there that was not: what waits for it goes now. */
  readonly devicesChanged: () => void;
  readonly log: Log;
  readonly places?: PortPlaces;
}

/** The serial ports that the configuration names. A port that can't be opened keeps nothing else from running. */
export class SerialSource implements Service {
  readonly name = 'serial';
  readonly #deps: SerialDependencies;
  readonly #ports: readonly Port[];
  readonly #lastFrames: LastFrames;
  /** The way to the devices on its ports. */
  readonly devices: SerialCarrier;
  #isScanning = false;

  constructor(deps: SerialDependencies) {
    const { options, profiles, devicesChanged, shelf, recentDeliveries: _, ...rest } = deps;
    const { ports, maxInFlight } = options;
    const { lineOf } = profiles;
    this.#deps = deps;
    const opened = devicesChanged;
    this.#lastFrames = new LastFrames(shelf);
    const onNext = (client: string): void => this.#lastFrames.forget(client);
    this.#ports = ports.map((one) => new Port({ ...rest, lineOf, opened, onNext, options: one, maxInFlight }));
    this.devices = new SerialCarrier(profiles, this.#ports);
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read or written */
  async start(): Promise<void> {
    const acknowledgers = this.#ports.map(({ acknowledger }) => acknowledger);
    const last = await this.#lastFrames.carryOver(
      acknowledgers.map(({ client }) => client),
      this.#deps.recentDeliveries(),
    );
    for (const one of acknowledgers) {
      const frame = last.get(one.client);
      if (frame !== undefined) one.restore(frame);
    }
    for (const port of this.#ports) port.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.stop()));
  }

  /**
   * Takes over how the ports are set now: each one that is set in another way is opened anew. @returns false: there are other
   * ports or profiles than before, which hold after a restart
   */
  follow({ ports }: SerialOptions): boolean {
    const same = this.#ports.map((port) => ports.find((one) => one.name === port.name && one.profile === port.profile));
    for (const [index, options] of same.entries()) if (options !== undefined) this.#ports[index]!.follow(options);
    return ports.length === this.#ports.length && !same.includes(undefined);
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

  /**
   * Listens to a port that this machine has, or a virtual one, that is not read from; one at a time.
   * @throws {HeadgateError} request.conflict when that can't be
   */
  readonly scan = async (request: ScanRequest, signal: AbortSignal): Promise<Scan> => {
    const { profiles } = this.#deps;
    if (this.#isScanning) throw new HeadgateError('request.conflict', 'Another port is being listened to.');
    this.#isScanning = true;
    try {
      const obstacle = await this.#obstacleTo(request.path);
      if (obstacle !== undefined) throw new HeadgateError('request.conflict', obstacle);
      return await scanPort(request, { ...profiles, lines: profiles.lines(), signal });
    } finally {
      this.#isScanning = false;
    }
  };

  /** Why a port can't be listened to, as a sentence. */
  async #obstacleTo(path: string): Promise<string | undefined> {
    const port = (await this.list()).find((one) => one.node !== null && (one.path === path || one.node === path));
    // Any other file could be opened by this too.
    if (port === undefined && !(await isVirtualPort(path)))
      return `There is no serial port ${path}: name one that is listed, or a link to a pseudo-terminal.`;
    const configured = port?.configured;
    return configured?.state === 'open' ? `${path} is read from already, as ${configured.name}.` : undefined;
  }

  status(): SerialStatus {
    return { ports: this.#ports.map((port) => port.status()) };
  }
}

function brief({ name, profile, state, reason, hint }: SerialPortStatus): NonNullable<ListedPort['configured']> {
  return { name, profile, state, reason, hint };
}
