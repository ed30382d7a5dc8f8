import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machineKeyFile, signRequest } from '../auth/machine-key.ts';
import { isLoopback } from '../lib/loopback.ts';

/** What the command line shows of itself. */
export interface Shown {
  /** For the header `authorization`. */
  readonly text: string;
  /** It was found in a data directory, which may be another gateway's. */
  readonly isFound: boolean;
}

/**
 * What the command line says it is: the token in `HEADGATE_TOKEN`; else, towards a gateway on this machine, a signature with the key in
 * that gateway's data directory, if this user may read it. The directory is that of the configuration, as for `headgate run`.
 */
export async function authorizationFor(
  url: URL,
  method: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Shown | undefined> {
  const given = environment.HEADGATE_TOKEN?.trim();
  if (given) return { text: `Bearer ${given}`, isFound: false };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host !== 'localhost' && !isLoopback(host)) return undefined;
  try {
    const key = readFileSync(join(await dataDirOf(environment), 'identity', machineKeyFile), 'utf8').trim();
    return { text: signRequest(key, method, `${url.pathname}${url.search}`, Date.now()), isFound: true };
  } catch {
    // There is none, or it is not for this user: the gateway says whether one is needed.
    return undefined;
  }
}

async function dataDirOf(environment: NodeJS.ProcessEnv): Promise<string> {
  // Reading the whole configuration takes longer than all the rest: only where it can say something else.
  if (environment.HEADGATE_CONFIG === undefined) return resolve(environment.HEADGATE_DATA_DIR ?? 'data');
  const { loadConfig } = await import('../config/load.ts');
  return resolve(loadConfig({ file: undefined, settings: [], environment }).dataDir);
}
