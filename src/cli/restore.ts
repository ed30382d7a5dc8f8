import { resolve } from 'node:path';
import { restore } from '../buffer/restore.ts';
import { copiedEntry } from '../commands/copied.ts';
import { takeOverEntry } from '../uplink/lineage.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'restore',
  about:
    'Makes a data directory of a backup, after checking all of it. The gateway that it is of must not run any more\n' +
    '(the collector refuses it from then on): what the collector has got from it meanwhile is recognised, and what it\n' +
    'has not is sent.',
  operands: 'DIR',
  options: {
    'data-dir': { value: 'DIR', about: "The data directory to make. It must be empty, but for a collector's folder." },
    json: { about: "Print the backup's manifest as JSON." },
  },
} as const satisfies Usage;

/** `headgate restore DIR --data-dir DIR`. */
export async function restoreBackup(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const [from, ...others] = operands;
  if (from === undefined || others.length > 0) throw wrong(usage, "the one backup's directory is needed.");
  if (!values['data-dir']) throw wrong(usage, '--data-dir DIR is needed.');
  const dataDir = resolve(values['data-dir']);
  const manifest = restore(resolve(from), dataDir, (epoch) => [takeOverEntry(epoch, epoch), copiedEntry()]);
  const { gateway, createdAt } = manifest;
  terminal.out(
    values.json
      ? JSON.stringify(manifest, undefined, 2)
      : `Restored ${gateway}, as it was at ${createdAt}, to ${dataDir}. Start it with --set dataDir=${dataDir}.`,
  );
  return 0;
}
