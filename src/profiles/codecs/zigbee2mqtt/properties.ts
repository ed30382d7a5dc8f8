import { unitOf } from '../../../core/measure-units.ts';
import { isObject, own, ownText } from '../../json.ts';

/** What a bridge tells of one property of a device: how its values are read. */
export interface Property {
  readonly unit?: string;
  /** The words that stand for on and off; absent where words stay words. */
  readonly words?: { readonly on: string; readonly off: string };
  /** A word, also where it looks like on or off. */
  readonly isWord?: boolean;
}

/** Covers open and locks lock: their words say more than on and off. */
const keepsWords = new Set(['cover', 'lock']);
const maxDepth = 6;

/**
 * The properties in a definition's `exposes`, by their path in the device's messages (`color.x`). A light's, a switch's and
 * such features stand at the top, a composite's under its own property.
 * See https://www.zigbee2mqtt.io/guide/usage/exposes.html.
 */
export function propertiesIn(exposes: unknown, maxCount: number): Map<string, Property> {
  const properties = new Map<string, Property>();
  collect(exposes, '', '', 0, properties, maxCount);
  return properties;
}

function collect(
  list: unknown,
  path: string,
  parent: string,
  depth: number,
  properties: Map<string, Property>,
  maxCount: number,
): void {
  if (!Array.isArray(list) || depth > maxDepth) return;
  for (const one of list as unknown[]) {
    if (properties.size >= maxCount) return;
    if (!isObject(one)) continue;
    const type = ownText(one, 'type') ?? '';
    const property = ownText(one, 'property');
    const place = property === undefined ? path : path === '' ? property : `${path}.${property}`;
    const features = own(one, 'features');
    if (features !== undefined) collect(features, place, type, depth + 1, properties, maxCount);
    else if (property !== undefined && place.length <= 200) {
      const item = own(one, 'item_type');
      properties.set(place, propertyOf(type === 'list' && isObject(item) ? item : one, parent));
    }
  }
}

function propertyOf(one: Parameters<typeof own>[0], parent: string): Property {
  const unit = unitOf(ownText(one, 'unit') ?? '');
  const on = own(one, 'value_on');
  const off = own(one, 'value_off');
  const type = ownText(one, 'type');
  if (type === 'binary' && typeof on === 'string' && typeof off === 'string' && !keepsWords.has(parent)) {
    return { words: { on, off } };
  }
  const isWord = type === 'enum' || type === 'text' || (type === 'binary' && keepsWords.has(parent));
  return { ...(unit !== undefined && { unit }), ...(isWord && { isWord }) };
}

/**
 * Units of properties that mean the same with every device, for as long as the bridge has not told. `voltage` is left out: it is in
 * millivolts where it is a battery's, and in volts where it is the mains'.
 */
const commonUnits: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Cel: `temperature device_temperature local_temperature external_temperature soil_temperature cpu_temperature
      current_heating_setpoint occupied_heating_setpoint unoccupied_heating_setpoint occupied_cooling_setpoint
      unoccupied_cooling_setpoint local_temperature_calibration temperature_probe external_temperature_input dew_point`,
    '%RH': 'humidity',
    '%': `soil_moisture battery position tilt pi_heating_demand valve_position filter_age battery_percentage
      liquid_level_percent water_level_percent`,
    hPa: 'pressure',
    lqi: 'linkquality',
    W: 'power power_phase_b power_phase_c',
    VA: 'power_apparent',
    var: 'power_reactive',
    A: 'current current_phase_b current_phase_c',
    kWh: 'energy produced_energy consumed_energy',
    Hz: 'ac_frequency',
    lx: 'illuminance illuminance_lux',
    ppm: 'co2 eco2 carbon_monoxide co',
    'ug/m3': 'pm1 pm25 pm10',
    mired: 'color_temp color_temp_startup',
    deg: 'angle_axis angle wind_direction',
    'm/s': 'wind_speed',
    s: 'occupancy_timeout duration',
    ms: 'elapsed',
  }).flatMap(([unit, names]) => names.split(/\s+/).map((name): [string, string] => [name, unit])),
);

/** A device's second switch is `state_l2`, its third socket `power_3`. */
const endpoint = /_(?:l?\d{1,2}|left|right|center|top|bottom|top_left|top_right|bottom_left|bottom_right)$/;

export function commonUnit(name: string): string | undefined {
  return commonUnits.get(name) ?? (endpoint.test(name) ? commonUnits.get(name.replace(endpoint, '')) : undefined);
}
