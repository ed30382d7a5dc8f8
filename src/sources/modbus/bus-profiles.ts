import type { ModbusBusOptions, ModbusSourceOptions, ModbusUnitOptions } from './options.ts';

/** The topic of a unit's records: `BUS/UNIT`, by its name where it has one. */
export function topicOf({ name: bus }: ModbusBusOptions, { unit, name = String(unit) }: ModbusUnitOptions): string {
  return `${bus}/${name}`;
}

/** Which profile the configuration names for the unit of a topic. */
export function profilesOfUnits({ buses }: ModbusSourceOptions): (topic: string) => string | undefined {
  const byTopic = new Map(buses.flatMap((bus) => bus.units.map((unit) => [topicOf(bus, unit), unit.profile] as const)));
  return (topic) => byTopic.get(topic);
}

/** A unit from which nothing was heard yet, by the id that its device will have. */
export function unheardOnBus(options: ModbusSourceOptions, deviceId: string) {
  if (!deviceId.startsWith('modbus:')) return undefined;
  const topic = deviceId.slice('modbus:'.length);
  const profile = profilesOfUnits(options)(topic);
  if (profile === undefined) return undefined;
  return { source: 'modbus', profile: { name: profile }, presence: 'unknown', topics: new Map([[topic, undefined]]) };
}
