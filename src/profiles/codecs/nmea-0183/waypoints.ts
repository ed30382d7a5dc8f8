import { nothing, type Read, valid } from './told.ts';
import type { Reader } from './values.ts';

/** How far off the line, in nautical miles: positive when the line is to the left, so that one is to the right of it. */
function takeOffTrack(of: Reader, place: number): void {
  of.takeSigned('cross_track_error', place, 'R', 'nmi');
}

/** A bearing to the waypoint, true or magnetic by the letter behind it. */
function takeBearing(of: Reader, place: number): void {
  const name = of.text(place + 1) === 'M' ? 'waypoint_bearing_magnetic' : 'waypoint_bearing_true';
  of.take(name, place, 'deg');
}

/** Bearing and distance to a waypoint: BWC along the great circle, BWR along the rhumb line. */
const toWaypoint: Read = (of) => {
  const timeOfDay = of.timeOfDay(1);
  takeBearing(of, 6);
  takeBearing(of, 8);
  of.take('waypoint_distance', 10, 'nmi');
  // The waypoint's own name and position stay in the payload.
  return { timeOfDay, isPartial: true };
};

/** Sentences of chart plotters about the way to the next waypoint, by their letters. */
export const waypoints: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['BWC', toWaypoint],
  ['BWR', toWaypoint],
  [
    'XTE',
    (of) => {
      if (valid(of.text(1)) && valid(of.text(2)) && of.text(5) === 'N') takeOffTrack(of, 3);
      return nothing;
    },
  ],
  [
    'RMB',
    (of) => {
      if (of.text(1) !== 'A') return nothing;
      takeOffTrack(of, 2);
      of.take('waypoint_distance', 10, 'nmi');
      of.take('waypoint_bearing_true', 11, 'deg');
      of.take('waypoint_closing_speed', 12, 'kn');
      return { isPartial: true };
    },
  ],
  [
    'APB',
    (of) => {
      if (!valid(of.text(1)) || !valid(of.text(2))) return nothing;
      if (of.text(5) === 'N') takeOffTrack(of, 3);
      takeBearing(of, 11);
      return { isPartial: true };
    },
  ],
  [
    'VPW',
    (of) => {
      of.takeFirst('speed_parallel_to_wind', [1, 'kn'], [3, 'm/s']);
      return nothing;
    },
  ],
]);
