import { type Static, Type } from 'typebox';
import { count } from '../lib/option-types.ts';

export const registryOptions = Type.Object({
  maxDevices: count({
    default: 5000,
    maximum: 50_000,
    description:
      'Devices that are known at the most. Beyond it a new one takes the place of one that is offline and was not heard for a week, else it is not registered: its messages are taken in all the same.',
  }),
  reportPresence: Type.Boolean({
    default: true,
    description:
      'Tell the collector, under the topic `headgate/presence`, which devices went offline without a word, and which of these are back: at most one record a minute.',
  }),
});
export type RegistryOptions = Static<typeof registryOptions>;
