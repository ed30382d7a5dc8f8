import { HeadgateError } from '../core/errors.ts';
import { profilesFor } from '../profiles/library.ts';
import { modbusLines } from '../profiles/modbus-guess.ts';
import { withOwn } from '../profiles/own-profiles.ts';
import { guessProfiles, lineGuesses } from '../profiles/serial-guess.ts';
import { interrogation } from '../profiles/serial-questions.ts';
import { existingPorts } from '../sources/serial/port-list.ts';
import { type Scan, scanPort } from '../sources/serial/scan.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { configOf, configOptions } from './config-options.ts';
import { portsText, scanText } from './serial-text.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'serial',
  about: 'Lists the serial ports of this machine; `scan` finds out what is on one that the gateway does not read from.',
  operands: '[list | scan PATH]',
  options: {
    baud: { value: 'N', about: 'scan: listen at this speed only.' },
    format: { value: 'FORMAT', about: 'scan: with these data bits, parity and stop bits. Default: 8N1.' },
    ask: {
      about:
        'scan: if nothing that is heard can be read, also ask: send what profiles ask their devices, and Modbus requests to read a register of units 1 to 10 and 247. Without it nothing is ever sent.',
    },
    seconds: { value: 'N', about: 'scan: how long to listen at each speed. Default: 3; with --baud 12.' },
    json: { about: 'Print JSON.' },
    ...configOptions,
  },
} as const satisfies Usage;

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
  const { format } = values;
  if (format !== undefined && !/^[5-8][NEO][12]$/.test(format))
    throw wrong(usage, `--format takes data bits, parity and stop bits, such as 8N1, not ${format}.`);
  const request = {
    path,
    baud: numberIn('baud', values.baud, 4_000_000),
    format,
    seconds: numberIn('seconds', values.seconds, 600),
    ask: values.ask,
  };
  const options = withOwn(configOf(values, terminal));
  const library = profilesFor(options);
  const scanning = scanPort(request, {
    lines: lineGuesses(library),
    guess: (bytes) => guessProfiles(bytes, library, options),
    questions: (line) => interrogation(line, library, options),
    askedLines: modbusLines,
    onLine: (line) => {
      if (!values.json)
        terminal.err(`${values.ask ? 'Listening and asking' : 'Listening'} at ${line.baud} ${line.format} …`);
    },
  });
  const scan = await scanning.catch((error: unknown) => {
    if (error instanceof HeadgateError && error.message.startsWith('Another program uses'))
      error.message += ' It may be the gateway: `headgate status` then tells what it hears of it.';
    throw error;
  });
  terminal.out(values.json ? JSON.stringify(jsonOf(path, scan), undefined, 2) : scanText(path, scan));
  return scan.guesses.length > 0 ? 0 : 1;
}

function numberIn(option: string, text: string | undefined, maximum: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > maximum)
    throw wrong(usage, `--${option} takes a whole number from 1 to ${maximum}, not ${text}.`);
  return number;
}

function jsonOf(path: string, { line, bytes, guesses }: Scan): object {
  const seen = { bytes: bytes.length, sample: bytes.subarray(0, 256).toString('hex') };
  const told = guesses.map(({ example, ...told }) => told);
  return { path, ...line, ...seen, suggestions: told };
}
