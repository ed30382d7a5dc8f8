import { setTimeout as delay } from 'node:timers/promises';
import { HeadgateError } from '../core/errors.ts';
import { profilesFor } from '../profiles/decoder.ts';
import type { Library } from '../profiles/library.ts';
import type { DecodeOptions } from '../profiles/options.ts';
import { guessProfiles, type LineGuess, lineGuesses, type SerialGuess } from '../profiles/serial-guess.ts';
import { openConnection } from '../sources/serial/connection.ts';
import { explainOpenFailure } from '../sources/serial/node.ts';
import { existingPorts } from '../sources/serial/port-list.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { configOf, configOptions } from './config-options.ts';
import { portsText, type Scan, scanText } from './serial-text.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'serial',
  about: 'Lists the serial ports of this machine; `scan` finds out what is on one that the gateway does not read from.',
  operands: '[list | scan PATH]',
  options: {
    baud: { value: 'N', about: 'scan: listen at this speed only.' },
    format: { value: 'FORMAT', about: 'scan: with these data bits, parity and stop bits. Default: 8N1.' },
    seconds: { value: 'N', about: 'scan: how long to listen at each speed. Default: 3; with --baud 12.' },
    json: { about: 'Print JSON.' },
    ...configOptions,
  },
} as const satisfies Usage;

/** So sure that no other speed has to be tried. */
const sureEnough = 0.75;
/** More of what a device says tells no more. */
const enoughBytes = 16_384;

export async function serial(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const [what = 'list', path, ...more] = operands;
  if (what === 'list' && path === undefined) {
    const ports = await existingPorts();
    terminal.out(values.json ? JSON.stringify({ ports }, undefined, 2) : portsText(ports));
    return 0;
  }
  if (what !== 'scan' || path === undefined || more.length > 0)
    throw wrong(usage, 'it takes `list`, or `scan` and the path of one port.');
  const { decode: options } = configOf(values, terminal);
  const library = profilesFor(options);
  const lines = linesToTry(values, library);
  const listenMs = 1_000 * numberIn('seconds', values.seconds ?? (values.baud === undefined ? '3' : '12'), 600);
  const scans: Scan[] = [];
  for (const line of lines) {
    if (!values.json) terminal.err(`Listening at ${line.baud} ${line.format} …`);
    scans.push(await scanAt(path, line, listenMs, library, options));
    if ((scans.at(-1)!.guesses[0]?.confidence ?? 0) >= sureEnough) break;
  }
  // What came at other speeds than the best one is noise.
  const best = scans.toSorted((a, b) => confidenceOf(b) - confidenceOf(a))[0]!;
  terminal.out(values.json ? JSON.stringify(jsonOf(path, best), undefined, 2) : scanText(path, best));
  return best.guesses.length > 0 ? 0 : 1;
}

const confidenceOf = ({ guesses }: Scan): number => guesses[0]?.confidence ?? 0;

function linesToTry(
  { baud, format }: { readonly baud: string | undefined; readonly format: string | undefined },
  library: Library,
): LineGuess[] {
  if (format !== undefined && !/^[5-8][NEO][12]$/.test(format))
    throw wrong(usage, `--format takes data bits, parity and stop bits, such as 8N1, not ${format}.`);
  if (baud !== undefined) return [{ baud: numberIn('baud', baud, 4_000_000), format: format ?? '8N1' }];
  const lines = lineGuesses(library);
  if (format === undefined) return lines;
  return [...new Set(lines.map((line) => line.baud))].map((one) => ({ baud: one, format }));
}

function numberIn(option: string, text: string, maximum: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > maximum)
    throw wrong(usage, `--${option} takes a whole number from 1 to ${maximum}, not ${text}.`);
  return number;
}

/** Listens until the time is over, or until what was heard leaves no doubt. */
async function scanAt(
  path: string,
  line: LineGuess,
  listenMs: number,
  library: Library,
  options: DecodeOptions,
): Promise<Scan> {
  const chunks: Buffer[] = [];
  let length = 0;
  let isNew = false;
  const heard = (bytes: Uint8Array): void => {
    if (length >= enoughBytes) return;
    chunks.push(Buffer.from(bytes));
    length += bytes.length;
    isNew = true;
  };
  const connection = await openConnection(path, { ...line, flowControl: 'none' }, heard).catch(
    async (error: unknown) => {
      throw new HeadgateError('request.conflict', await explainOpenFailure(path, error), { cause: error });
    },
  );
  let lost: string | undefined;
  void connection.closed.then((reason) => {
    lost = reason;
  });
  let guesses: SerialGuess[] = [];
  const until = performance.now() + listenMs;
  while (performance.now() < until && lost === undefined && !(guesses[0] && guesses[0].confidence >= sureEnough)) {
    await delay(Math.min(250, listenMs));
    if (isNew) guesses = guessProfiles(Buffer.concat(chunks), library, options);
    isNew = false;
  }
  if (lost !== undefined) throw new HeadgateError('request.conflict', `${path}: ${lost}`);
  connection.close('It was listened to.');
  await connection.closed;
  return { line, bytes: Buffer.concat(chunks), guesses };
}

function jsonOf(path: string, { line, bytes, guesses }: Scan): object {
  const seen = { bytes: bytes.length, sample: bytes.subarray(0, 256).toString('hex') };
  const told = guesses.map(({ profile, confidence, reason }) => ({ profile, confidence, reason }));
  return { path, ...line, ...seen, suggestions: told };
}
