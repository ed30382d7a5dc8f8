import { gapsIn, longestSpan } from './gaps.ts';
import type { Track } from './track.ts';

/** `null` ends a line, `undefined` is only no point of this series. */
export type Column = (number | null | undefined)[];

/** Series of one time axis, as the plot takes them. */
export interface Columns {
  readonly times: number[];
  /** Of each track. */
  readonly tracks: readonly { readonly avg: Column; readonly min: Column; readonly max: Column }[];
}

/** Puts tracks with times of their own on one axis. */
export function columnsOf(tracks: readonly Track[]): Columns {
  const gaps = tracks.map((track) => gapsIn(track.times, longestSpan(track.times, track.widthMs)));
  const all = Float64Array.from([...tracks.flatMap(({ times }) => times), ...gaps.flat()]).sort();
  const times: number[] = [];
  for (const time of all) if (times.at(-1) !== time) times.push(time);
  return {
    times,
    tracks: tracks.map((track, n) => {
      const avg: Column = new Array(times.length).fill(undefined);
      const isRaw = track.widthMs === 0;
      const min: Column = isRaw ? avg : new Array(times.length).fill(undefined);
      const max: Column = isRaw ? avg : new Array(times.length).fill(undefined);
      let at = 0;
      let gap = 0;
      for (let i = 0; i < times.length; i++) {
        const time = times[i] as number;
        if (track.times[at] === time) {
          avg[i] = track.avg[at];
          if (!isRaw) {
            min[i] = track.min[at];
            max[i] = track.max[at];
          }
          at++;
        } else if (gaps[n]?.[gap] === time) {
          avg[i] = null;
          min[i] = null;
          max[i] = null;
          gap++;
        }
      }
      return { avg, min, max };
    }),
  };
}
