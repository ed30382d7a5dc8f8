import { resolve } from 'node:path';
import type { Manifest } from '../buffer/manifest.ts';
import { formatBytes } from '../core/units.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { postForJson, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'backup',
  about:
    'Has a running gateway on this machine copy what it keeps into a directory that is empty or not there yet:\n' +
    'records, MQTT sessions, its name, and what was set at it, with secrets. Its certificates, its configuration file and\n' +
    'what a collector beside it has collected are not part of it.',
  operands: 'DIR',
  options: { ...urlOption, json: { about: "Print the backup's manifest as JSON." } },
} as const satisfies Usage;

/** `headgate backup DIR`. */
export async function backup(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const [given, ...others] = operands;
  if (given === undefined || others.length > 0) throw wrong(usage, 'the one directory to copy to is needed.');
  // The gateway may run elsewhere in the file system.
  const directory = resolve(given);
  const found = await postForJson(await urlOf(usage, values.url), '/api/v1/buffer/backup', { directory });
  terminal.out(values.json ? JSON.stringify(found, undefined, 2) : backupText(found as unknown as Manifest, directory));
  return 0;
}

function backupText({ gateway, files }: Manifest, directory: string): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return `Backed up ${gateway} to ${directory}: ${files.length} files, ${formatBytes(bytes)}.`;
}
