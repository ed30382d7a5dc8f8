import { closest } from '../lib/spelling.ts';
import { helpText, type Usage, wrong } from './arguments.ts';
import type { Terminal } from './terminal.ts';

interface Part {
  readonly about: string;
  readonly load: () => Promise<(args: string[], terminal: Terminal) => Promise<number>>;
}

/** What units of the image call, as root. Each is loaded when it is called. */
const parts: Readonly<Record<string, Part>> = {
  firewall: {
    about: 'open the ports that the gateway listens on, and no others.',
    load: async () => (await import('./appliance-firewall.ts')).firewall,
  },
  settings: {
    about: 'make the machine what was set for it.',
    load: async () => (await import('./appliance-settings.ts')).settings,
  },
  gate: {
    about: 'watch the gateway after an update, and keep the new version or go back to the old one.',
    load: async () => (await import('./appliance-gate.ts')).gate,
  },
};

const usage = {
  verb: 'appliance',
  about: [
    'The programs of a machine that was flashed with the image; its units call them.',
    ...Object.entries(parts).map(([name, { about }]) => `\`appliance ${name}\`: ${about}`),
  ].join(' '),
  operands: 'PROGRAM …',
  options: {},
} as const satisfies Usage;

/** `headgate appliance`. */
export async function appliance([name, ...rest]: string[], terminal: Terminal): Promise<number> {
  if (name === '--help' || name === '-h') {
    terminal.out(helpText(usage));
    return 0;
  }
  if (name === undefined) throw wrong(usage, `Say which program: ${Object.keys(parts).join(', ')}.`);
  const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (part === undefined) {
    const meant = closest(name, Object.keys(parts));
    throw wrong(usage, `There is no \`${name}\`${meant ? `; did you mean \`${meant}\`?` : '.'}`);
  }
  return await (await part.load())(rest, terminal);
}
