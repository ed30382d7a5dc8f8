import type { Heard } from '../core/decoded.ts';
import { simulatedSource } from '../core/device.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Field } from '../core/measurement.ts';
import type { Message } from '../core/message.ts';
import type { Shelf } from '../core/shelf.ts';
import type { Onlooker } from '../core/taken.ts';
import type { TrustedClock } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';

/** A device that there is none of. */
export interface SimulatedDevice {
  /** Begins with {@link demoPrefix}. */
  readonly id: string;
  /** For people; says that it is simulated. */
  readonly name: string;
  /** What it measures now. @param localMs the wall clock as if it were UTC */
  readonly measure: (localMs: number) => readonly Field[];
}

/** The ids of all simulated devices begin with it, and no other's are taken away with them. */
export const demoPrefix = 'demo:';

export interface DemoStatus {
  readonly isRunning: boolean;
  /** Ids of simulated devices that are known, running or not. */
  readonly devices: readonly string[];
}

export interface DemoDependencies {
  /** Loaded when they are first needed. */
  readonly devices: () => Promise<readonly SimulatedDevice[]>;
  readonly heard: Heard;
  readonly onlooker: () => Onlooker;
  readonly known: () => readonly { readonly id: string; readonly source: string }[];
  readonly forget: (id: string) => Promise<boolean>;
  readonly shelf: Shelf;
  readonly clock: TrustedClock;
  readonly log: Log;
  /** Default 1,000. */
  readonly everyMs?: number;
}

const space = 'first-run.demo';
const key = 'running';

/**
 * Simulated devices, for who has none at hand. They are seen by who looks at this gateway: in the list of devices, in charts, in the
 * live feed. Nothing of them is a record: nothing is stored for the collector or sent to it.
 */
export class Demo implements Service {
  readonly name = 'demo';
  readonly #deps: DemoDependencies;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;

  constructor(deps: DemoDependencies) {
    this.#deps = deps;
  }

  /** Goes on if it ran when the last run ended. @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async start(): Promise<void> {
    const entries = await this.#deps.shelf.entries(space);
    this.#isWanted = entries.length > 0;
    if (!this.#isWanted) return;
    await this.#run();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  status(): DemoStatus {
    return { isRunning: this.#isWanted, devices: this.#ids() };
  }

  /** Starts it, or lets it go on; durable when it resolves. @throws {HeadgateError} buffer.failed */
  async begin(): Promise<DemoStatus> {
    const { shelf } = this.#deps;
    if (!this.#isWanted) {
      this.#isWanted = true;
      shelf.put(space, key, Buffer.from('1'));
      await this.#run();
    }
    await shelf.saved();
    return this.status();
  }

  /** Stops it, and forgets its devices; durable when it resolves. @throws {HeadgateError} buffer.failed */
  async end(): Promise<void> {
    const { shelf, forget } = this.#deps;
    this.#isWanted = false;
    clearInterval(this.#timer);
    this.#timer = undefined;
    shelf.delete(space, key);
    await Promise.all(this.#ids().map(forget));
    await shelf.saved();
  }

  async #run(): Promise<void> {
    const devices = await this.#deps.devices().catch((error) => {
      throw new HeadgateError('server.failed', `The simulated devices can't be loaded: ${messageOf(error)}.`);
    });
    // Somebody may have ended it meanwhile.
    if (!this.#isWanted || this.#timer !== undefined) return;
    const turn = (): void => {
      for (const device of devices) this.#publish(device);
    };
    turn();
    this.#timer = setInterval(turn, this.#deps.everyMs ?? 1_000).unref();
    this.#deps.log.info({ devices: devices.length }, 'Simulated devices measure until they are removed.');
  }

  #publish({ id, name, measure }: SimulatedDevice): void {
    const { heard, onlooker, clock } = this.#deps;
    const now = clock.now();
    const fields = measure(now - new Date(now).getTimezoneOffset() * 60_000);
    const measurement = { deviceId: id, fields };
    const payload = Buffer.from(JSON.stringify(Object.fromEntries(fields.map((one) => [one.name, one.value]))));
    const message: Message = { source: simulatedSource, topic: `headgate/devices/${id}/measurements`, payload };
    const sightings = [{ deviceId: id, name, attributes: [['simulated', true] as const] }];
    heard(
      { kind: 'measurement', deviceId: id, measurements: [measurement], keepPayload: false, sightings },
      message,
      now,
    );
    onlooker().taken({
      ...{ measurement, kind: 'measurement', source: simulatedSource, topic: message.topic, receivedAtMs: now },
      ...{ clockQuality: clock.quality(), profile: undefined, sequence: 0, payload: undefined },
    });
  }

  #ids(): string[] {
    const known = this.#deps
      .known()
      .filter(({ id, source }) => source === simulatedSource && id.startsWith(demoPrefix));
    return known.map(({ id }) => id).sort();
  }
}
