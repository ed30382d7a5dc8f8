import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machineKeyFile, signRequest } from '../auth/machine-key.ts';
import { ownAuthorityPath } from '../auth/tls/server-certificate.ts';
import type { Config } from '../config/schema.ts';
import { isLoopback } from '../lib/loopback.ts';
import { readSecret } from '../lib/secret-file.ts';

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
  if (!isHere(url)) return undefined;
  try {
    const key = readFileSync(join(await dataDirOf(environment), 'identity', machineKeyFile), 'utf8').trim();
    return { text: signRequest(key, method, `${url.pathname}${url.search}`, Date.now()), isFound: true };
  } catch {
    // There is none, or it is not for this user: the gateway says whether one is needed.
    return undefined;
  }
}

/**
 * The authority that the command line knows a gateway by that speaks TLS, besides those that the system trusts: that in the file
 * `HEADGATE_CA`; else, towards one on this machine, that of its own certificates. PEM.
 */
export async function authorityFor(
  url: URL,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  if (url.protocol !== 'https:') return undefined;
  const given = environment.HEADGATE_CA;
  if (given) return readSecret(given, 'HEADGATE_CA');
  if (!isHere(url)) return undefined;
  try {
    const text = readFileSync(ownAuthorityPath(join(await dataDirOf(environment), 'identity', 'tls')), 'utf8');
    // The key before it is none of our business.
    return text.slice(text.indexOf('-----BEGIN CERTIFICATE-----'));
  } catch {
    // There is none, or it is not for this user: the system's have to do.
    return undefined;
  }
}

function isHere({ hostname }: URL): boolean {
  return hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

/** Where the gateway of the configuration is found on this machine; undefined where none is named. */
export async function configuredUrl(environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  if (!environment.HEADGATE_CONFIG) return undefined;
  return addressOf((await configIn(environment)).http);
}

/** As a gateway has it: with what was set at it, as far as this user may read that; where it is wrong, what it seems to say. */
async function configIn(environment: NodeJS.ProcessEnv): Promise<Config> {
  try {
    const { loadWithRemote } = await import('../config/remote.ts');
    return loadWithRemote({ environment }).config;
  } catch {
    // What is wrong with it is for `headgate check` to say: such a gateway shows a page there.
    const { likelyConfig } = await import('../config/likely.ts');
    return likelyConfig({ environment });
  }
}

/** Where a gateway with this configuration is found on its own machine. */
export function addressOf({ host, port, tls }: Config['http']): string {
  const isEverywhere = host === '::' || host === '0.0.0.0';
  const place = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${tls.enabled ? 'https' : 'http'}://${place}:${port}`;
}

async function dataDirOf(environment: NodeJS.ProcessEnv): Promise<string> {
  // Reading the whole configuration takes longer than all the rest: only where it can say something else.
  if (environment.HEADGATE_CONFIG === undefined) return resolve(environment.HEADGATE_DATA_DIR ?? 'data');
  return resolve((await configIn(environment)).dataDir);
}
