import { type Static, Type } from 'typebox';
import { bytes, count, duration } from '../lib/option-types.ts';

export const commandsOptions = Type.Object({
  answerTimeout: duration({
    default: '30s',
    description: 'How long a device may take to answer a command before what became of it is called unknown.',
  }),
  confirmWithin: duration({
    default: '2m',
    description:
      'After rules or configuration came from the collector: how soon the uplink must be live again. Else they are taken back.',
  }),
  maxQueued: count({ default: 1000, description: 'Commands that may wait here; further ones fail.' }),
  maxQueuedBytes: bytes({ default: '4MiB', description: 'What they may take together; further ones fail.' }),
  rememberFor: duration({
    default: '30d',
    description: 'How long the id of a command that is over is known, so that it does nothing if it comes again.',
  }),
  maxRemembered: count({ default: 10000, description: 'How many such ids are known; beyond it the oldest go.' }),
});
export type CommandsOptions = Static<typeof commandsOptions>;
