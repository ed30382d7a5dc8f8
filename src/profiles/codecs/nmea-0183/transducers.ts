import { nothing, type Told } from './told.ts';
import type { Reader } from './values.ts';

interface Quantity {
  readonly name: string;
  /** By the letter that the sentence gives. */
  readonly units: Readonly<Record<string, string>>;
}

/** Types of transducers (XDR), by their letter. */
const quantities: ReadonlyMap<string, Quantity> = new Map([
  ['A', { name: 'angle', units: { D: 'deg' } }],
  ['C', { name: 'temperature', units: { C: 'Cel', F: 'degF', K: 'K' } }],
  ['D', { name: 'distance', units: { M: 'm' } }],
  ['F', { name: 'frequency', units: { H: 'Hz' } }],
  ['G', { name: 'value', units: {} }],
  ['H', { name: 'humidity', units: { P: '%RH' } }],
  ['I', { name: 'current', units: { A: 'A' } }],
  ['L', { name: 'salinity', units: {} }],
  ['N', { name: 'force', units: { N: 'N' } }],
  ['P', { name: 'pressure', units: { B: 'bar', P: 'Pa', H: 'hPa' } }],
  ['R', { name: 'flow', units: { L: 'l/s', M: 'mm/h' } }],
  ['S', { name: 'switch', units: {} }],
  ['T', { name: 'speed', units: { R: '1/min' } }],
  ['U', { name: 'voltage', units: { V: 'V' } }],
  ['V', { name: 'volume', units: { M: 'm3', L: 'l' } }],
  ['Z', { name: 'duration', units: { S: 's', s: 's' } }],
]);

/** Weather transmitters number what they measure (Vaisala WXT536, "XDR transducer measurement"): there these letters are of rain. */
const ofNumbered: ReadonlyMap<string, Quantity> = new Map([
  ['V', { name: 'rain', units: { M: 'mm', I: '[in_i]' } }],
  ['R', { name: 'rain_rate', units: { M: 'mm/h', I: '[in_i]/h' } }],
]);

/**
 * XDR: any number of transducers, each with type, value, unit and name. A field goes by the transducer's name; where that is
 * empty by what it measures, and where it is a number by both: `temperature_0`.
 */
export function readTransducers(of: Reader): Told {
  const names = new Set<string>();
  for (let place = 1; place + 1 <= of.count; place += 4) {
    const type = of.text(place);
    const letter = of.text(place + 2);
    const id = of.text(place + 3);
    const isNumbered = /^\d+$/.test(id);
    const quantity = (isNumbered ? ofNumbered.get(type) : undefined) ?? quantities.get(type);
    const kind = quantity?.name ?? `type_${type}`;
    const own = id === '' ? kind : isNumbered ? `${kind}_${id}` : id;
    const isNew = !names.has(own);
    names.add(own);
    const name = isNew ? own : `${own}_${(place - 1) / 4 + 1}`;
    const unit = quantity && Object.hasOwn(quantity.units, letter) ? quantity.units[letter] : undefined;
    of.take(name, place + 1, unit);
  }
  return nothing;
}
