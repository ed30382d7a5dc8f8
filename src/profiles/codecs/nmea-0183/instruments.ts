import { nothing, type Read, valid } from './told.ts';
import { readTransducers } from './transducers.ts';

const fathom = 1.8288;
const foot = 0.3048;
const inchOfMercury = 0.0338638866667;

const windUnits: ReadonlyMap<string, string> = new Map([
  ['N', 'kn'],
  ['K', 'km/h'],
  ['M', 'm/s'],
  ['S', '[mi_i]/h'],
]);

/** Fields of one depth in feet, metres and fathoms, told in metres. */
function depth(name: string): Read {
  return (of) => {
    of.takeAs(name, 'm', [3, 1], [1, foot], [5, fathom]);
    return nothing;
  };
}

/** Wind relative to the bow, to the left or right, as an angle from 0 to 360 as in MWV. */
function relativeWind(kind: 'apparent' | 'true'): Read {
  return (of) => {
    const angle = of.number(1);
    const isLeft = of.text(2) === 'L';
    if (angle !== undefined) of.put(`wind_angle_${kind}`, isLeft && angle !== 0 ? 360 - angle : angle, 'deg');
    of.takeFirst(`wind_speed_${kind}`, [3, 'kn'], [5, 'm/s'], [7, 'km/h']);
    return nothing;
  };
}

/** Sentences of instruments, by their letters: heading, depth, water, air, wind, rudder, engines. */
export const instruments: ReadonlyMap<string, Read> = new Map<string, Read>([
  [
    'HDT',
    (of) => {
      of.take('heading_true', 1, 'deg');
      return nothing;
    },
  ],
  [
    'THS',
    (of) => {
      if (valid(of.text(2))) of.take('heading_true', 1, 'deg');
      return nothing;
    },
  ],
  [
    'HDM',
    (of) => {
      of.take('heading_magnetic', 1, 'deg');
      return nothing;
    },
  ],
  [
    'HDG',
    (of) => {
      of.take('heading_magnetic', 1, 'deg');
      of.takeSigned('magnetic_deviation', 2, 'W', 'deg');
      of.takeSigned('magnetic_variation', 4, 'W', 'deg');
      return nothing;
    },
  ],
  ['DBT', depth('depth_below_transducer')],
  ['DBS', depth('depth_below_surface')],
  ['DBK', depth('depth_below_keel')],
  [
    'DPT',
    (of) => {
      const below = of.number(1);
      const offset = of.number(2);
      of.put('depth_below_transducer', below, 'm');
      if (below === undefined || offset === undefined || offset === 0) return nothing;
      // From the transducer up to the waterline, or, negative, down to the keel.
      const name = offset > 0 ? 'depth_below_surface' : 'depth_below_keel';
      of.put(name, Number((below + offset).toPrecision(12)), 'm');
      return nothing;
    },
  ],
  [
    'MTW',
    (of) => {
      of.take('water_temperature', 1, of.text(2) === 'F' ? 'degF' : 'Cel');
      return nothing;
    },
  ],
  [
    'MTA',
    (of) => {
      of.take('air_temperature', 1, of.text(2) === 'F' ? 'degF' : 'Cel');
      return nothing;
    },
  ],
  [
    'MMB',
    (of) => {
      of.takeAs('pressure', 'bar', [3, 1], [1, inchOfMercury]);
      return nothing;
    },
  ],
  [
    'MHU',
    (of) => {
      of.take('relative_humidity', 1, '%RH');
      of.take('absolute_humidity', 2, '%');
      of.take('dew_point', 3, 'Cel');
      return nothing;
    },
  ],
  [
    'MWV',
    (of) => {
      if (!valid(of.text(5))) return nothing;
      const kind = of.text(2) === 'T' ? 'true' : 'apparent';
      of.take(`wind_angle_${kind}`, 1, 'deg');
      const unit = windUnits.get(of.text(4));
      if (unit === undefined && of.text(3) !== '') of.fail(4, 'is no unit of speed: N, K, M or S');
      of.take(`wind_speed_${kind}`, 3, unit);
      return nothing;
    },
  ],
  [
    'MWD',
    (of) => {
      of.take('wind_direction_true', 1, 'deg');
      of.take('wind_direction_magnetic', 3, 'deg');
      of.takeFirst('wind_speed', [5, 'kn'], [7, 'm/s']);
      return nothing;
    },
  ],
  ['VWR', relativeWind('apparent')],
  ['VWT', relativeWind('true')],
  [
    'MDA',
    (of) => {
      of.takeAs('pressure', 'bar', [3, 1], [1, inchOfMercury]);
      of.take('air_temperature', 5, 'Cel');
      of.take('water_temperature', 7, 'Cel');
      of.take('relative_humidity', 9, '%RH');
      of.take('absolute_humidity', 10, '%');
      of.take('dew_point', 11, 'Cel');
      of.take('wind_direction_true', 13, 'deg');
      of.take('wind_direction_magnetic', 15, 'deg');
      of.takeFirst('wind_speed', [17, 'kn'], [19, 'm/s']);
      return nothing;
    },
  ],
  [
    'VHW',
    (of) => {
      of.take('heading_true', 1, 'deg');
      of.take('heading_magnetic', 3, 'deg');
      of.takeFirst('speed_through_water', [5, 'kn'], [7, 'km/h']);
      return nothing;
    },
  ],
  [
    'VLW',
    (of) => {
      of.take('distance_total', 1, 'nmi');
      of.take('distance_trip', 3, 'nmi');
      of.take('distance_total_ground', 5, 'nmi');
      of.take('distance_trip_ground', 7, 'nmi');
      return nothing;
    },
  ],
  [
    'VDR',
    (of) => {
      of.take('current_direction', 1, 'deg');
      of.take('current_direction_magnetic', 3, 'deg');
      of.take('current_speed', 5, 'kn');
      return nothing;
    },
  ],
  [
    'VBW',
    (of) => {
      // Negative: astern, and to port.
      if (valid(of.text(3))) {
        of.take('speed_through_water', 1, 'kn');
        of.take('speed_through_water_transverse', 2, 'kn');
      }
      if (valid(of.text(6))) {
        of.take('speed', 4, 'kn');
        of.take('speed_transverse', 5, 'kn');
      }
      return nothing;
    },
  ],
  [
    'HEV',
    (of) => {
      of.take('heave', 1, 'm');
      return nothing;
    },
  ],
  [
    'ROT',
    (of) => {
      // Degrees a minute, to the left when negative.
      if (valid(of.text(2))) of.takeAs('rate_of_turn', 'deg/s', [1, 1 / 60]);
      return nothing;
    },
  ],
  [
    'RSA',
    (of) => {
      if (valid(of.text(2))) of.take('rudder_angle', 1, 'deg');
      if (valid(of.text(4))) of.take('rudder_angle_port', 3, 'deg');
      return nothing;
    },
  ],
  [
    'RPM',
    (of) => {
      if (!valid(of.text(5))) return nothing;
      const source = `${of.text(1) === 'S' ? 'shaft' : 'engine'}_${of.text(2) || '0'}`;
      of.take(`${source}_speed`, 3, '1/min');
      of.take(`${source}_pitch`, 4, '%');
      return nothing;
    },
  ],
  ['XDR', readTransducers],
]);
