import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { Plan, PlannedFile } from './plan.ts';

/** What is done beside writing files. */
export interface Hands {
  /** Runs a program; returns what it said when it failed. */
  readonly run: (program: string, args: readonly string[], input?: string) => string | undefined;
  /** The number of a group; undefined: there is none of this name. */
  readonly groupId: (name: string) => number | undefined;
}

export interface ApplyPlaces {
  /** Before every path: empty, or a directory that stands for the machine. */
  readonly root: string;
  /** Where things last: `/data/machine`. */
  readonly lasting: string;
}

/** Which files the last run has written, so that a later one of the same start takes back what is no longer set. */
const listPath = '/run/headgate-machine/written.json';

/**
 * Makes the machine as the plan says, and what was so already stays untouched. What can't be done is returned, in sentences; the
 * rest is done all the same.
 */
export function applyPlan(plan: Plan, { root, lasting }: ApplyPlaces, hands: Hands): string[] {
  const failures: string[] = [];
  const attempt = (what: string, work: () => string | undefined): void => {
    try {
      const said = work();
      if (said !== undefined) failures.push(`${what}: ${said}.`);
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}.`);
    }
  };
  const list = join(root, listPath);
  const wanted = new Set(plan.files.map(({ path }) => path));
  for (const path of writtenBefore(list))
    if (!wanted.has(path)) attempt(path, () => void rmSync(join(root, path), { force: true }));
  for (const file of plan.files) attempt(file.path, () => writeFile(root, file, hands));
  attempt(list, () => write(list, JSON.stringify([...wanted]), 0o600));
  attempt('/etc/localtime', () => link(join(root, '/etc/localtime'), `/usr/share/zoneinfo/${plan.timezone}`));
  attempt('The host name', () => hands.run('hostname', [plan.hostname]));
  const { sshUser } = plan;
  if (sshUser !== undefined) {
    attempt(`The user ${sshUser}`, () => hands.run('systemd-sysusers', ['-'], userLines(sshUser)));
    attempt(`The home of ${sshUser}`, () =>
      hands.run('install', ['-d', '-m', '700', '-o', sshUser, '-g', sshUser, homeOf(sshUser)]),
    );
    attempt('The host key of SSH', () => hostKey(root, lasting, hands));
  }
  return failures;
}

function homeOf(user: string): string {
  return `/var/home/${user}`;
}

/** sysusers.d(5). It may do everything, as whoever holds the card may. */
function userLines(user: string): string {
  return [
    `u ${user} 1000 "Administrator of this machine" ${homeOf(user)} /bin/bash`,
    `m ${user} sudo`,
    `m ${user} systemd-journal`,
    '',
  ].join('\n');
}

/** One that lasts; where nothing lasts, one for this start: SSH is most needed when something else is broken. */
function hostKey(root: string, lasting: string, hands: Hands): string | undefined {
  const name = 'ssh_host_ed25519_key';
  const kept = join(root, lasting, 'ssh', name);
  const used = join(root, '/etc/ssh', name);
  if (!existsSync(kept)) {
    try {
      mkdirSync(dirname(kept), { recursive: true, mode: 0o700 });
      const said = hands.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', kept]);
      if (said !== undefined) throw new Error(said);
    } catch {
      return existsSync(used)
        ? undefined
        : hands.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', used]);
    }
  }
  write(used, readFileSync(kept, 'utf8'), 0o600);
  return write(`${used}.pub`, readFileSync(`${kept}.pub`, 'utf8'), 0o644);
}

function writeFile(root: string, { path, mode, text, group }: PlannedFile, hands: Hands): string | undefined {
  const target = join(root, path);
  write(target, text, mode);
  if (group === undefined) return undefined;
  const id = hands.groupId(group);
  if (id === undefined) return `there is no group ${group}`;
  chownSync(target, 0, id);
  return undefined;
}

/** Nobody sees a half of it, nor for a moment what is not theirs to see. */
function write(target: string, text: string, mode: number): undefined {
  if (isSame(target, text, mode)) return;
  mkdirSync(dirname(target), { recursive: true });
  // What is there may be a link: /etc/hostname must not write through it. Files of /proc and the like are none of these.
  rmSync(target, { force: true });
  writeFileSync(target, text, { mode: 0o600, flag: 'wx' });
  chmodSync(target, mode);
}

function isSame(target: string, text: string, mode: number): boolean {
  try {
    const found = lstatSync(target);
    return found.isFile() && (found.mode & 0o777) === mode && readFileSync(target, 'utf8') === text;
  } catch {
    // It is not there.
    return false;
  }
}

function link(path: string, target: string): undefined {
  try {
    if (readlinkSync(path) === target) return;
  } catch {
    // It is not there, or no link.
  }
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function writtenBefore(list: string): string[] {
  try {
    const found: unknown = JSON.parse(readFileSync(list, 'utf8'));
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : [];
  } catch {
    // The first run of this start.
    return [];
  }
}
