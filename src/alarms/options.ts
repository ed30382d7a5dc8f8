import { type Static, Type } from 'typebox';
import { count } from '../lib/option-types.ts';

export const alarmsOptions = Type.Object({
  maxOpen: count({
    default: 5000,
    maximum: 100_000,
    description:
      'Alarms that are not over, those that are to be raised soon included. Beyond it no more begin; they are counted.',
  }),
  keepHistory: count({
    default: 1000,
    minimum: 0,
    maximum: 20_000,
    description: 'Alarms that are over and are kept to be looked at. Each goes to the collector as well, as a record.',
  }),
});
export type AlarmsOptions = Static<typeof alarmsOptions>;
