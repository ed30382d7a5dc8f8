import { unitSymbol } from '../core/measure-units.ts';
import type { SerialGuess } from '../profiles/serial-guess.ts';
import type { ExistingPort } from '../sources/serial/port-list.ts';
import type { Scan } from '../sources/serial/scan.ts';
import { printable, tableOf } from './table.ts';

export function portsText(ports: readonly ExistingPort[]): string {
  if (ports.length === 0) return 'This machine has no serial port: plug one in.';
  const rows = ports.map(({ path, usb, adapter, suggestions }) => [
    path,
    usb === null ? 'not on USB' : `${usb.vendor}:${usb.product}`,
    [usb?.manufacturer, usb?.name].filter(Boolean).join(' ') || (adapter ?? ''),
    suggestions.map(({ profile }) => profile).join(', '),
  ]);
  return tableOf(['PATH', 'USB', 'IS', 'PERHAPS'], rows).map(printable).join('\n');
}

const bytesALine = 16;
const maxLines = 6;

/** The bytes as an editor for them shows them, what they may be, and what to write into the configuration. */
export function scanText(path: string, { line, bytes, guesses }: Scan): string {
  if (bytes.length === 0) {
    return 'Nothing was heard at any speed. A device that only answers needs --ask, one that speaks seldom --baud with --seconds 60; see its cable and power too.';
  }
  const heard = [`${bytes.length} bytes at ${line.baud} ${line.format}, the first of them:`, ...dump(bytes), ''];
  const [best] = guesses;
  if (best === undefined) {
    return [
      ...heard,
      'No profile fits. If the bytes look like noise, the speed is another one: --baud tries one that is not usual.',
    ].join('\n');
  }
  const told = guesses.slice(0, 5).map(({ profile, confidence, reason, example }) => {
    const fields = example.measurements.flatMap((one) => one.fields).slice(0, 3);
    const values = fields.map(({ name, value, unit }) => `${name} ${value}${unit ? ` ${unitSymbol(unit)}` : ''}`);
    return `  ${profile} (${Math.round(confidence * 100)} %): ${[reason, ...(values.length > 0 ? [values.join(', ')] : [])].join('; ')}`;
  });
  const settings = `baud: ${line.baud}, format: "${line.format}"`;
  return [
    ...heard,
    'It may be:',
    ...told,
    '',
    'To read from it, with a name of your own:',
    ...configText(best, JSON.stringify(path), settings),
  ].join('\n');
}

function configText({ profile, modbusUnit }: SerialGuess, path: string, settings: string): string[] {
  if (modbusUnit === undefined)
    return ['  serial:', '    ports:', `      - { name: port, path: ${path}, profile: ${profile}, ${settings} }`];
  return [
    '  modbus:',
    '    buses:',
    `      - { name: bus, path: ${path}, ${settings}, units: [{ unit: ${modbusUnit}, profile: ${profile} }] }`,
  ];
}

function dump(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length && lines.length < maxLines; at += bytesALine) {
    const part = bytes.subarray(at, at + bytesALine);
    const hex = [...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...part].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`  ${hex.padEnd(bytesALine * 3)} ${text}`);
  }
  return lines;
}
