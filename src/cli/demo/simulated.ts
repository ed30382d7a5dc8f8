import type { Field } from '../../core/measurement.ts';
import type { SimulatedDevice } from '../../first-run/demo.ts';
import { houseMeter, signal, thermostat } from './quantities.ts';
import { seeded } from './random.ts';

const air = signal({ mean: 21, daily: 5, peakHour: 14, drift: 0.8, noise: 0.1, decimals: 1 });
const humidity = signal({ mean: 58, daily: -9, peakHour: 14, drift: 3, noise: 0.5, decimals: 1, min: 0, max: 100 });
const cold = thermostat({ low: -20.5, high: -17, runMinutes: 9, restMinutes: 15 });
const house = houseMeter({ baseWatts: 340, solarWatts: 3_200 });

/** Three devices for who has none at hand, with the quantities of `headgate demo`. */
export function simulatedDevices(seed: number): readonly SimulatedDevice[] {
  const random = seeded(seed);
  const of = (id: string, name: string, measure: (localMs: number) => readonly Field[]): SimulatedDevice => {
    return { id: `demo:${id}`, name: `${name} (simulated)`, measure };
  };
  return [
    of('greenhouse', 'Greenhouse', (ms) => [
      { name: 'temperature', value: air(ms, random), unit: 'Cel' },
      { name: 'humidity', value: humidity(ms, random), unit: '%RH' },
    ]),
    of('freezer', 'Freezer', (ms) => [{ name: 'temperature', value: Number(cold(ms, random)), unit: 'Cel' }]),
    of('house-meter', 'House meter', (ms) => {
      const { act_power, voltage } = house(ms, random) as Readonly<Record<string, number>>;
      return [
        { name: 'power', value: act_power ?? 0, unit: 'W' },
        { name: 'voltage', value: voltage ?? 0, unit: 'V' },
      ];
    }),
  ];
}
