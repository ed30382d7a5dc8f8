import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { theAppliance } from '../appliance/appliance.ts';
import { type Door, doorsOf } from '../appliance/firewall/doors.ts';
import { rulesetText } from '../appliance/firewall/ruleset.ts';
import { places, settingsPlaces } from '../appliance/settings/places.ts';
import { likelyConfig } from '../config/likely.ts';
import { loadWithRemote } from '../config/remote.ts';
import type { Config } from '../config/schema.ts';
import { HeadgateError } from '../core/errors.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { asRoot } from './as-root.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'appliance firewall',
  about: 'Opens the ports that the gateway is configured to listen on, and no others; as root.',
  options: {
    keep: { about: 'Leave open what is open: for a configuration that the gateway takes up with its next start.' },
    print: { about: 'Print what nftables would be told instead, on any machine.' },
    config: { value: 'FILE', about: `The configuration of the gateway. Default: ${places.gateway}.` },
  },
} as const satisfies Usage;

const doorsPath = join(settingsPlaces.state, 'doors.json');

/** `headgate appliance firewall`. */
export async function firewall(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { config = places.gateway, keep, print } = values;
  if (!print) {
    await theAppliance();
    asRoot(usage);
  }
  const open = keep ? doorsNow() : [];
  const doors = [...open, ...doorsOf(configOf(config)).filter((door) => !open.some((one) => isSame(one, door)))];
  if (print) terminal.out(rulesetText(doors, existsSync(places.ssh)).trimEnd());
  else close(doors, existsSync(places.ssh), !keep);
  return 0;
}

/**
 * Nothing comes in but by these.
 *
 * @param isAll it is what the configuration says, and nothing more: a start of the gateway need not look again
 * @throws {HeadgateError} appliance.failed
 */
export function close(doors: readonly Door[], hasSsh: boolean, isAll = true): void {
  const { error, status, stderr } = spawnSync('nft', ['-f', '-'], {
    input: rulesetText(doors, hasSsh),
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) {
    const why = error?.message ?? stderr.trim().split('\n')[0];
    throw new HeadgateError('appliance.failed', `nftables does not take the rules, so those from before hold: ${why}.`);
  }
  mkdirSync(settingsPlaces.state, { recursive: true });
  writeFileSync(doorsPath, JSON.stringify(doors));
  if (isAll) spawnSync('/usr/lib/headgate/firewall-if-changed', ['note']);
}

/** As it holds; where it is wrong, as the page that says so guesses it. */
export function configOf(file: string): Config {
  try {
    return loadWithRemote({ file }).config;
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    return likelyConfig({ file });
  }
}

function doorsNow(): readonly Door[] {
  try {
    return JSON.parse(readFileSync(doorsPath, 'utf8')) as Door[];
  } catch {
    // Nothing was opened yet.
    return [];
  }
}

function isSame(a: Door, b: Door): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
