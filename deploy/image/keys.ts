import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../package/program.ts';

/** What bundles are signed with: paths of PEM files. */
export interface SigningKeys {
  readonly key: string;
  /** Images that trust it take updates signed with the key. */
  readonly certificate: string;
}

/** Thirty years: a machine that was flashed today is to take an update then. */
const days = '10957';

/**
 * The vendor's own by `HEADGATE_UPDATE_KEY` and `HEADGATE_UPDATE_CERT`; otherwise some that are made once for whoever builds, beside their
 * other configuration and never in the sources.
 */
export function signingKeys(environment: NodeJS.ProcessEnv = process.env): SigningKeys {
  const { HEADGATE_UPDATE_KEY: key, HEADGATE_UPDATE_CERT: certificate } = environment;
  if (key !== undefined && certificate !== undefined) {
    for (const path of [key, certificate]) if (!existsSync(path)) throw new Error(`There is no ${path} to sign with.`);
    return { key, certificate };
  }
  if (key !== undefined || certificate !== undefined) {
    throw new Error('HEADGATE_UPDATE_KEY and HEADGATE_UPDATE_CERT belong together: one of them is not set.');
  }
  const home = environment.XDG_CONFIG_HOME ?? join(environment.HOME ?? homedir(), '.config');
  return ownKeys(join(home, 'headgate/update'));
}

/** Those in a directory, made when they are not there. */
export function ownKeys(directory: string): SigningKeys {
  const keys = { key: join(directory, 'key.pem'), certificate: join(directory, 'certificate.pem') };
  if (existsSync(keys.key) && existsSync(keys.certificate)) return keys;
  if (existsSync(keys.key)) throw new Error(`${keys.key} is there without its certificate ${keys.certificate}.`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const made = { key: `${keys.key}.part`, certificate: `${keys.certificate}.part` };
  for (const path of Object.values(made)) rmSync(path, { force: true });
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', days];
  const uses = [
    '-addext',
    'keyUsage=critical,digitalSignature,keyCertSign',
    '-addext',
    'extendedKeyUsage=emailProtection',
  ];
  run('openssl', [
    ...['req', '-x509', ...kind, ...uses, '-subj', '/O=Headgate/CN=updates'],
    ...['-keyout', made.key, '-out', made.certificate],
  ]);
  chmodSync(made.key, 0o600);
  // The certificate first: a key without one is what a cut could leave, and is said above.
  run('mv', [made.certificate, keys.certificate]);
  run('mv', [made.key, keys.key]);
  return keys;
}
