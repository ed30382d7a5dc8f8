import { type Static, Type } from 'typebox';
import { bytes, count, duration } from '../lib/option-types.ts';

export const historyOptions = Type.Object({
  enabled: Type.Boolean({
    default: true,
    description:
      'Keep what devices measured for charts and queries on this gateway. It is a view: records reach the collector with or without it.',
  }),
  keep: Type.Object({
    '10s': duration({
      default: '1d',
      description: 'How long minimum, maximum and average of each 10 seconds are kept.',
    }),
    '1m': duration({ default: '7d', description: 'The same of each minute.' }),
    '15m': duration({ default: '90d', description: 'The same of each quarter of an hour.' }),
    '1h': duration({ default: '1826d', description: 'The same of each hour.' }),
  }),
  maxBytes: bytes({
    default: '1GB',
    description:
      'What it may take on disk, beside the buffer. Beyond it the oldest goes first, of whichever width takes most.',
  }),
  maxSeries: count({
    default: 10000,
    maximum: 1_000_000,
    description:
      'Fields of devices that are followed. Beyond it a new one takes the place of the one that was silent for longest, if that was for ten minutes, else it has no history.',
  }),
  maxLateness: duration({
    default: '31d',
    description: 'What a device says it measured longer ago than this has no place in the history.',
  }),
  writeEvery: duration({
    default: '1m',
    description:
      'It is written to disk so often, all at once, to spare flash. A power cut takes what was not written along; the records are safe.',
  }),
  recentPoints: count({
    default: 512,
    maximum: 100_000,
    description: 'Points of each field that are kept in memory as they came.',
  }),
  recentBytes: bytes({ default: '16MiB', description: 'Memory that they may take, all together.' }),
});
export type HistoryOptions = Static<typeof historyOptions>;
