import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { theAppliance } from '../appliance/appliance.ts';
import { doorsOf } from '../appliance/firewall/doors.ts';
import type { Hands } from '../appliance/settings/apply.ts';
import { type Judge, readSettings } from '../appliance/settings/given.ts';
import { places as machinePlaces, settingsPlaces } from '../appliance/settings/places.ts';
import { setUpMachine, type WriteBootFile } from '../appliance/settings/settings.ts';
import { loadConfig } from '../config/load.ts';
import { configNode } from '../config/node.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { asRoot } from './as-root.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'appliance settings',
  about:
    'Makes this machine what headgate.yaml on its boot partition says, and Raspberry Pi Imager has written; as root. With FILE it only tells\n' +
    'what is wrong with that one, as `file:line:col: message`, on any machine.',
  operands: '[FILE]',
  options: {
    root: {
      value: 'DIR',
      about: 'A directory that stands for the machine: everything is written there, and nothing is run.',
    },
    json: { about: 'Print what is wrong as JSON.' },
  },
} as const satisfies Usage;

const zones = '/usr/share/zoneinfo';

/** `headgate appliance settings`. */
export async function settings(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  if (operands.length > 1) throw wrong(usage, 'only one file can be looked at at a time.');
  const [file] = operands;
  if (file !== undefined) return checked(file, values.json, terminal);
  const { root = '' } = values;
  if (root === '') {
    await theAppliance();
    asRoot(usage);
  }
  const places = { ...settingsPlaces, root };
  for (const key of ['boot', 'base'] as const) places[key] = join(root, places[key]);
  const deps = { places, judge: judgeOf(places.base), hands: root === '' ? machineHands : noHands };
  const { problems, notes, plan } = await setUpMachine({
    ...deps,
    writeBootFile: root === '' ? writeBootFile : keptOut,
  }).finally(() => (root === '' ? openDoors() : undefined));
  if (values.json)
    terminal.out(JSON.stringify({ problems, notes, files: plan.files.map(({ path }) => path) }, undefined, 2));
  else for (const line of [...problems, ...notes]) terminal.err(line);
  // A unit that fails takes nothing with it, and yet is seen: what could be done was done.
  return problems.length > 0 ? 1 : 0;
}

/** Whatever became of the settings: who can't reach the machine can't mend it. In this process, as another would take seconds to start. */
async function openDoors(): Promise<void> {
  const { close, configOf } = await import('./appliance-firewall.ts');
  close(doorsOf(configOf(machinePlaces.gateway)), existsSync(machinePlaces.ssh));
}

function checked(file: string, json: boolean, terminal: Terminal): number {
  // Whoever checks a file for another machine may lack its appliance.yaml: the gateway's defaults are close enough.
  const base = existsSync(settingsPlaces.base) ? settingsPlaces.base : undefined;
  const { troubles } = readSettings(textOf(file), file, { ...judgeOf(base), isSystemUser: () => false });
  const lines = troubles.map(({ text }) => text);
  if (json) terminal.out(JSON.stringify({ problems: lines }, undefined, 2));
  else terminal.out(lines.length === 0 ? `${file} is right.` : lines.join('\n'));
  return lines.length === 0 ? 0 : 78;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new HeadgateError('config.unreadable', `${file} can't be read: ${messageOf(error)}.`, { cause: error });
  }
}

/** @param base the appliance's own configuration of the gateway */
function judgeOf(base: string | undefined): Judge {
  return {
    gateway: configNode,
    checkGateway: (layer) => void loadConfig({ file: base, over: [layer] }),
    hasTimezone: (name) => (existsSync(zones) ? existsSync(join(zones, name)) : isKnownZone(name)),
    isSystemUser: (name) => systemUsers().has(name),
  };
}

function isKnownZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // A RangeError: there is none.
    return false;
  }
}

/** Users of the system have numbers below 1000, and `nobody` the last but one (adduser's policy in Debian). */
function systemUsers(): Set<string> {
  return new Set(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter(([, , id]) => Number(id) < 1000 || Number(id) > 60_000)
      .map(([name = '']) => name),
  );
}

const runMs = 30_000;

function run(program: string, args: readonly string[], input = ''): string | undefined {
  const { error, status, stderr } = spawnSync(program, [...args], { input, encoding: 'utf8', timeout: runMs });
  if (error !== undefined) return `${program}: ${error.message}`;
  return status === 0 ? undefined : `${program}: ${stderr.trim().slice(-300) || `it ended with ${status}`}`;
}

const machineHands: Hands = {
  run,
  groupId: (name) => {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`${name}:`));
    const id = Number(line?.split(':')[2]);
    return Number.isInteger(id) ? id : undefined;
  },
};
const noHands: Hands = { run: () => undefined, groupId: () => process.getgid?.() };

const writeBootFile: WriteBootFile = (name, text) => {
  const program = '/usr/lib/headgate/boot-file';
  return text === undefined ? run(program, ['remove', name]) : run(program, ['put', name], text);
};
const keptOut: WriteBootFile = () => undefined;
