import { nothing, type Read, valid } from './told.ts';
import type { Reader } from './values.ts';

/** Dilution of precision. Without a fix receivers tell 99.99, 99.0 or so. */
function takeDilution(of: Reader, name: string, place: number): void {
  const value = of.number(place);
  if (value !== undefined && value < 99) of.put(name, value);
}

/** Sentences of satellite receivers, by their letters. */
export const positions: ReadonlyMap<string, Read> = new Map<string, Read>([
  [
    'GGA',
    (of) => {
      const timeOfDay = of.timeOfDay(1);
      const quality = of.number(6);
      // Without a fix there is nothing else that counts, though some receivers tell where they were, or zeros.
      const hasFix = quality !== 0;
      if (hasFix) of.position(2);
      of.put('fix_quality', quality);
      of.take('satellites', 7);
      if (hasFix) {
        takeDilution(of, 'hdop', 8);
        of.take('altitude', 9, 'm');
        of.take('geoid_separation', 11, 'm');
      }
      return { timeOfDay };
    },
  ],
  [
    'GNS',
    (of) => {
      const timeOfDay = of.timeOfDay(1);
      // One letter for each satellite system; N: no fix by it.
      const hasFix = !/^N+$/.test(of.text(6));
      if (hasFix) of.position(2);
      of.take('satellites', 7);
      if (hasFix) {
        takeDilution(of, 'hdop', 8);
        of.take('altitude', 9, 'm');
        of.take('geoid_separation', 10, 'm');
      }
      return { timeOfDay };
    },
  ],
  [
    'RMC',
    (of) => {
      const timeOfDay = of.timeOfDay(1);
      if (of.text(2) !== '' && valid(of.text(2))) {
        of.position(3);
        of.take('speed', 7, 'kn');
        of.take('course', 8, 'deg');
        of.takeSigned('magnetic_variation', 10, 'W', 'deg');
      }
      return { timeOfDay, day: of.date(9) };
    },
  ],
  [
    'GLL',
    (of) => {
      if (valid(of.text(6))) of.position(1);
      return { timeOfDay: of.timeOfDay(5) };
    },
  ],
  [
    'VTG',
    (of) => {
      of.take('course', 1, 'deg');
      of.take('course_magnetic', 3, 'deg');
      of.takeFirst('speed', [5, 'kn'], [7, 'km/h']);
      return nothing;
    },
  ],
  [
    'GSA',
    (of) => {
      of.take('fix_type', 2);
      let used = 0;
      for (let place = 3; place <= 14; place++) if (of.text(place) !== '') used++;
      of.put('satellites_used', used);
      takeDilution(of, 'pdop', 15);
      takeDilution(of, 'hdop', 16);
      takeDilution(of, 'vdop', 17);
      return { isPartial: true, isByTalker: true };
    },
  ],
  [
    'GSV',
    (of) => {
      // Each of a group of sentences tells the number, so one is enough of that; the satellites themselves stay in the payload.
      if ((of.number(2) ?? 1) > 1) return { kind: 'duplicate' };
      of.take('satellites_in_view', 3);
      return { isPartial: true, isByTalker: true };
    },
  ],
  [
    'GST',
    (of) => {
      const timeOfDay = of.timeOfDay(1);
      of.take('range_error', 2, 'm');
      of.take('latitude_error', 6, 'm');
      of.take('longitude_error', 7, 'm');
      of.take('altitude_error', 8, 'm');
      return { timeOfDay, isPartial: true };
    },
  ],
  [
    'ZDA',
    (of) => {
      const timeOfDay = of.timeOfDay(1);
      const [day, month, year] = [of.number(2), of.number(3), of.number(4)];
      if (day === undefined || month === undefined || year === undefined) return { timeOfDay };
      return { timeOfDay, day: of.day(2, year, month, day) };
    },
  ],
  ['TXT', () => ({ kind: 'log' })],
]);
