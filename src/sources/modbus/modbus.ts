import type { Take } from '../../core/message.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/service.ts';
import type { WriteAnswer } from '../../profiles/modbus/answer.ts';
import type { ModbusDevice } from '../../profiles/modbus/device.ts';
import type { RegisterWrite } from '../../profiles/modbus/pdu.ts';
import type { LinkPace } from '../serial/link.ts';
import { Bus } from './bus.ts';
import { topicOf } from './bus-profiles.ts';
import { ModbusCarrier, type ModbusLanguage } from './modbus-carrier.ts';
import type { ModbusSourceOptions } from './options.ts';
import type { ModbusStatus } from './status.ts';

/** What profiles say of Modbus devices. */
export interface ModbusProfiles extends ModbusLanguage {
  /** How devices of a profile are asked; a sentence: why it can't be said. */
  readonly deviceOf: (profile: string) => ModbusDevice | string;
}

export interface ModbusDependencies {
  readonly options: ModbusSourceOptions;
  readonly take: Take;
  readonly profiles: ModbusProfiles;
  /** A device may be there that was not: what waits for it goes now. */
  readonly devicesChanged: () => void;
  readonly log: Log;
  readonly pace?: LinkPace;
}

/** The Modbus buses that the configuration names. One that can't be opened keeps nothing else from running. */
export class ModbusSource implements Service {
  readonly name = 'modbus';
  /** The way to the units of its buses. */
  readonly devices: ModbusCarrier;
  readonly #buses: readonly Bus[];
  readonly #units: ReadonlyMap<string, { readonly bus: Bus; readonly unit: number }>;

  constructor({ options, profiles, devicesChanged: opened, ...rest }: ModbusDependencies) {
    const { buses, maxInFlight } = options;
    const { deviceOf } = profiles;
    const made = buses.map((one) => ({ one, bus: new Bus({ ...rest, deviceOf, opened, options: one, maxInFlight }) }));
    this.#buses = made.map(({ bus }) => bus);
    this.#units = new Map(
      made.flatMap(({ one, bus }) => one.units.map((unit) => [topicOf(one, unit), { bus, unit: unit.unit }] as const)),
    );
    this.devices = new ModbusCarrier(profiles, this);
  }

  async start(): Promise<void> {
    for (const bus of this.#buses) bus.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus.stop()));
  }

  /** Whether a unit's records have this topic. */
  has(topic: string): boolean {
    return this.#units.has(topic);
  }

  /** Whether the unit whose records have this topic can be written to now. */
  reaches(topic: string): boolean {
    const found = this.#units.get(topic);
    return found?.bus.reaches(found.unit) === true;
  }

  /**
   * Writes to the unit whose records have this topic, before anything else is read; its registers are then read again at once.
   *
   * @param withinMs later it is not to be sent any more
   * @returns what became of it; it is never repeated by itself, as it may have been done without an answer
   */
  async write(topic: string, write: RegisterWrite, withinMs?: number): Promise<WriteAnswer> {
    const found = this.#units.get(topic);
    if (found === undefined) return { kind: 'impossible', failure: `There is no Modbus unit ${topic}.` };
    return await found.bus.write(found.unit, write, withinMs);
  }

  status(): ModbusStatus {
    return { buses: this.#buses.map((bus) => bus.status()) };
  }
}
