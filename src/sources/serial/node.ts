import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { messageOf } from '../../core/errors.ts';

/** A device node, as far as it can be told from the one that takes its place. */
export interface DeviceNode {
  readonly identity: string;
  readonly gid: number;
}

/** @returns undefined when there is none, or it can't be looked at */
export async function nodeAt(path: string): Promise<DeviceNode | undefined> {
  try {
    const { dev, ino, rdev, gid } = await stat(path);
    return { identity: `${dev}:${ino}:${rdev}`, gid };
  } catch {
    // Not there, or not for us: for a port it is the same.
    return undefined;
  }
}

/** What is known when a port could not be opened. */
export interface OpenFailure {
  readonly path: string;
  /** What the system said. */
  readonly error: unknown;
  readonly node: DeviceNode | undefined;
  /** The name of the group that the node is of; undefined: it has none. */
  readonly group: string | undefined;
  /** The user that runs Headgate, and whether that group is one of its groups. */
  readonly user: string;
  readonly isMember: boolean;
}

/** Why a port could not be opened and what to do about it, as a sentence. */
export function openFailureText({ path, error, node, group, user, isMember }: OpenFailure): string {
  const said = messageOf(error);
  if (node === undefined) return `There is no ${path}: plug the device in, or see \`GET /api/v1/serial\` for its name.`;
  if (/permission denied/i.test(said)) {
    if (isMember || group === undefined)
      return `The user ${user} may not open ${path}: its permissions do not allow that.`;
    return `The user ${user} may not open ${path}: it is not in the group ${group}. Run \`usermod -aG ${group} ${user}\` as root, then start Headgate again.`;
  }
  if (/operation not permitted/i.test(said))
    return `Headgate may not open ${path}: a container or a service's sandbox forbids it (in systemd, see DeviceAllow).`;
  if (/inappropriate ioctl|is a directory/i.test(said))
    return `${path} is no serial port: \`headgate serial\` lists those that there are.`;
  if (/busy|cannot lock|temporarily unavailable/i.test(said))
    return `Another program uses ${path}: stop it (\`fuser ${path}\` tells which).`;
  return `${path} could not be opened: ${said.replace(/^Error:? /, '')}.`;
}

/** Finds out what there is to say about a port that could not be opened. */
export async function explainOpenFailure(path: string, error: unknown): Promise<string> {
  const node = await nodeAt(path);
  const group = node && groupName(node.gid, await readFile('/etc/group', 'utf8').catch(() => ''));
  const isMember = node !== undefined && [process.getgid?.(), ...(process.getgroups?.() ?? [])].includes(node.gid);
  return openFailureText({ path, error, node, group, user: userName(), isMember });
}

/** @param groups the text of /etc/group */
export function groupName(gid: number, groups: string): string | undefined {
  const fields = groups.split('\n').map((line) => line.split(':'));
  return fields.find((one) => one[2] === String(gid))?.[0];
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user that only has a number, as services in containers do.
    return String(process.getuid?.());
  }
}
