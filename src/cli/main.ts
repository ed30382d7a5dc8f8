import { HeadgateError } from '../core/errors.ts';
import { closest } from '../lib/spelling.ts';
import { reportFailure } from './failure.ts';
import { processTerminal, type Terminal } from './terminal.ts';

type Verb = (args: string[], terminal: Terminal) => Promise<number>;

interface VerbEntry {
  readonly about: string;
  /** Each verb is loaded when it is called: no verb pays for what another one needs. */
  readonly load: () => Promise<Verb>;
}

const verbs: Readonly<Record<string, VerbEntry>> = {
  run: { about: 'Run the gateway.', load: async () => (await import('./run.ts')).run },
  check: { about: 'Tell whether the configuration is right.', load: async () => (await import('./check.ts')).check },
  decode: {
    about: 'Show what the gateway finds in one message.',
    load: async () => (await import('./decode.ts')).decodeOnce,
  },
  profile: {
    about: 'List, test and draft device profiles.',
    load: async () => (await import('./profile.ts')).profile,
  },
  status: { about: 'Show how a running gateway is doing.', load: async () => (await import('./status.ts')).status },
  health: {
    about: 'Tell by the exit code whether a running gateway takes messages in.',
    load: async () => (await import('./health.ts')).health,
  },
  devices: {
    about: 'Show the devices that a running gateway knows; name, ignore or forget one.',
    load: async () => (await import('./devices.ts')).devices,
  },
  alarms: {
    about: 'Show the alarms of a running gateway; acknowledge one.',
    load: async () => (await import('./alarms.ts')).alarms,
  },
  topics: {
    about: 'Show what comes in at a running gateway, and what it may be.',
    load: async () => (await import('./topics.ts')).topics,
  },
  adopt: {
    about: 'Have topics decoded by a profile.',
    load: async () => (await import('./topics.ts')).adopt,
  },
  ignore: {
    about: 'Leave topics to the general rules.',
    load: async () => (await import('./topics.ts')).ignore,
  },
  token: {
    about: 'Give programs tokens, and take them back.',
    load: async () => (await import('./token.ts')).token,
  },
  user: {
    about: 'Let people sign in with a password, and no longer.',
    load: async () => (await import('./user.ts')).user,
  },
  credential: {
    about: 'Give devices credentials for MQTT, and take them back.',
    load: async () => (await import('./credential.ts')).credential,
  },
  'setup-code': {
    about: 'Print the code with which the first administrator is made from elsewhere.',
    load: async () => (await import('./setup-code.ts')).setupCode,
  },
  audit: {
    about: 'Show what administrators did, and who was refused.',
    load: async () => (await import('./audit.ts')).audit,
  },
  serial: {
    about: 'List the serial ports of this machine, or find out what is on one.',
    load: async () => (await import('./serial.ts')).serial,
  },
  collector: {
    about: 'Run a collector alone; `collector records` shows what it has collected.',
    load: async () => (await import('./collector.ts')).collector,
  },
  enrol: {
    about: 'Get a certificate from the collector, for a one-time token.',
    load: async () => (await import('./enrol.ts')).enrolGateway,
  },
  export: {
    about: 'Print records that are on disk, or have them sent again.',
    load: async () => (await import('./export.ts')).exportRecords,
  },
  redecode: {
    about: 'Decode messages that are on disk again, and send what they say now.',
    load: async () => (await import('./redecode.ts')).redecode,
  },
  backup: { about: 'Copy what a running gateway keeps.', load: async () => (await import('./backup.ts')).backup },
  restore: {
    about: 'Make a data directory of a backup.',
    load: async () => (await import('./restore.ts')).restoreBackup,
  },
  'take-over': {
    about: 'Let this data directory go on in the place of its copies.',
    load: async () => (await import('./take-over.ts')).takeOverCopies,
  },
  update: {
    about: 'Install another version on an appliance, or tell which there are.',
    load: async () => (await import('./update.ts')).update,
  },
  doctor: {
    about: 'Look for what keeps a gateway from doing its work; write a bundle for whoever helps.',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  appliance: {
    about: 'The programs of a machine that was flashed with the image; its units call them.',
    load: async () => (await import('./appliance.ts')).appliance,
  },
  demo: { about: 'Let simulated devices publish to a gateway.', load: async () => (await import('./demo.ts')).demo },
};

/** The command line: `headgate VERB …`. Resolves to the exit code: 0, 1, 2 for wrong usage, 78 for a wrong configuration. */
export async function main(args: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  const [name = '--help', ...rest] = args;
  try {
    if (name === '--version' || name === '-V') terminal.out(`headgate ${(await import('../version.ts')).version}`);
    else if (name === '--help' || name === '-h' || name === 'help') terminal.out(help());
    else return await (await verbNamed(name).load())(rest, terminal);
    return 0;
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

function verbNamed(name: string): VerbEntry {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb) return verb;
  const meant = closest(name, Object.keys(verbs));
  throw new HeadgateError(
    'usage.invalid',
    `There is no verb \`${name}\`${meant ? `; did you mean \`${meant}\`?` : '.'}`,
  );
}

function help(): string {
  return [
    'headgate VERB [options]',
    '',
    'An IoT gateway that never loses an acknowledged message.',
    '',
    ...Object.entries(verbs).map(([name, { about }]) => `  ${name.padEnd(11)}${about}`),
    '',
    '`headgate VERB --help` tells what a verb takes; `headgate --version` which Headgate this is.',
  ].join('\n');
}
