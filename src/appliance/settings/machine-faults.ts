import { isIP } from 'node:net';
import { passwordHashOf } from '../../auth/password-text.ts';
import type { OptionProblem } from '../../lib/option-types.ts';
import type { NetworkSettings, Settings } from './options.ts';

/** What the machine has that settings speak of. */
export interface Surroundings {
  readonly hasTimezone: (name: string) => boolean;
  /** Whether a user of this name belongs to the system. */
  readonly isSystemUser: (name: string) => boolean;
}

/** Kinds of keys that OpenSSH 10 takes. */
const keyKinds: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

/** What is wrong with settings although each value keeps to the schema. */
export function* machineFaults(
  { machine = {}, admin = {}, credentials = {} }: Settings,
  around: Surroundings,
): Generator<OptionProblem> {
  const { timezone, network = [], wifi, ssh } = machine;
  if (timezone !== undefined && !around.hasTimezone(timezone))
    yield { path: ['machine', 'timezone'], message: `is ${timezone}, which is no time zone: Europe/Berlin is one.` };
  for (const [index, one] of network.entries()) {
    for (const { path, message } of networkFaults(one)) yield { path: ['machine', 'network', index, ...path], message };
  }
  if (wifi?.ssid !== undefined && Buffer.byteLength(wifi.ssid) > 32)
    yield { path: ['machine', 'wifi', 'ssid'], message: 'has more than 32 bytes.' };
  if (wifi?.password !== undefined && !/^[\x20-\x7e]+$/.test(wifi.password))
    yield {
      path: ['machine', 'wifi', 'password'],
      message: "has characters that a Wi-Fi password can't have: letters with accents, say.",
    };
  if (wifi?.password !== undefined && wifi.psk !== undefined)
    yield { path: ['machine', 'wifi', 'psk'], message: 'is given beside `password`: one of the two is enough.' };
  if (ssh?.user !== undefined && around.isSystemUser(ssh.user))
    yield {
      path: ['machine', 'ssh', 'user'],
      message: `is ${ssh.user}, which is a user of the system: take another name.`,
    };
  for (const [index, key] of (ssh?.authorizedKeys ?? []).entries()) {
    const fault = keyFault(key);
    if (fault !== undefined) yield { path: ['machine', 'ssh', 'authorizedKeys', index], message: fault };
  }
  if (admin.passwordHash !== undefined && passwordHashOf(admin.passwordHash) === undefined)
    yield { path: ['admin', 'passwordHash'], message: 'is not what `headgate user hash` prints: $scrypt$ln=…' };
  if (admin.password !== undefined && admin.passwordHash !== undefined)
    yield { path: ['admin', 'password'], message: 'is given beside `passwordHash`, which holds.' };
  for (const name of Object.keys(credentials)) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
      yield {
        path: ['credentials', name],
        message: "has a name that can't be one of a file: letters, digits, `.`, `_` and `-` can.",
      };
  }
}

function* networkFaults(one: NetworkSettings): Generator<OptionProblem> {
  for (const [index, address] of (one.address ?? []).entries()) {
    const [ip = '', length = '', ...more] = address.split('/');
    const family = isIP(ip);
    const isRight =
      family !== 0 && more.length === 0 && /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
    if (!isRight) yield { path: ['address', index], message: `is ${address}, but must be like 192.168.1.10/24.` };
  }
  for (const key of ['gateway', 'dns'] as const) {
    for (const [index, address] of (one[key] ?? []).entries())
      if (isIP(address) === 0)
        yield { path: [key, index], message: `is ${address}, but must be an address like 192.168.1.1.` };
  }
}

/** What is wrong with a public key; undefined: nothing. It says itself of which kind it is (RFC 4253, 6.6). */
export function keyFault(line: string): string | undefined {
  const [kind = '', blob = '', ...comment] = line.trim().split(/[ \t]+/);
  if (/PRIVATE KEY/.test(line))
    return 'is a private key. Give the public one (`….pub`), and make a new pair: this one was on a card.';
  if (!keyKinds.has(kind))
    return 'is no public key that is taken here: it begins with ssh-ed25519 or ssh-rsa, and is one line.';
  if (/[\r\n\0]/.test(line.trim()) || comment.some((word) => word.includes('\n'))) return 'has more than one line.';
  const parts = /^[A-Za-z0-9+/]+={0,2}$/.test(blob) ? partsOf(Buffer.from(blob, 'base64')) : [];
  const isWhole = parts.length > 1 && parts[0]?.toString('latin1') === kind;
  return isWhole ? undefined : 'is not a whole public key: some of it is missing.';
}

/** The strings that a public key is made of, each with its length before it (RFC 4251, 5); none when the last is not whole. */
function partsOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) return [];
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return parts;
}
