import { resolve } from 'node:path';
import { takeOver } from '../buffer/take-over.ts';
import { copiedEntry } from '../commands/copied.ts';
import { takeOverEntry } from '../uplink/lineage.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'take-over',
  about:
    'Lets a data directory go on as its gateway, in the place of copies of it (a cloned card, a restored backup): when it\n' +
    'is connected next, the collector refuses the others. The gateway must be stopped. What waits is sent; a record that\n' +
    'waited when the copy was made, and that the copy has sent, is there twice then, under two epochs.',
  options: {
    'data-dir': { value: 'DIR', about: 'The data directory that is to go on.' },
    json: { about: 'Print the gateway and its old and new epoch as JSON.' },
  },
} as const satisfies Usage;

/** `headgate take-over --data-dir DIR`. */
export async function takeOverCopies(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  if (!values['data-dir']) throw wrong(usage, '--data-dir DIR is needed.');
  const dataDir = resolve(values['data-dir']);
  const taken = takeOver(dataDir, (epoch, from) => [takeOverEntry(epoch, from), copiedEntry()]);
  terminal.out(
    values.json
      ? JSON.stringify(taken, undefined, 2)
      : `${taken.gateway} goes on with ${dataDir}, as epoch ${taken.epoch} after ${taken.oldEpoch}. Start it; copies of it are refused once it is connected.`,
  );
  return 0;
}
