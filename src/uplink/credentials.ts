import { join } from 'node:path';
import { HeadgateError } from '../core/errors.ts';
import type { MonotonicMs } from '../core/time.ts';
import { isLoopback } from '../lib/loopback.ts';
import { readIfThere } from '../lib/private-file.ts';
import { readSecret, secretPath, stampOf } from '../lib/secret-file.ts';
import type { UplinkOptions } from './options.ts';
import type { TlsSettings } from './transport.ts';

/** What the collector gave this gateway when it enrolled, or renewed: one file, so that both change together. */
export interface Enrolled {
  /** The gateway's certificate and those between it and `ca`, PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly ca: string;
}

/** Where the enrolled identity of a data directory is. */
export function identityDirectory(dataDir: string): string {
  return join(dataDir, 'identity');
}

/** The files in it. */
export function identityFiles(directory: string): { readonly key: string; readonly enrolled: string } {
  return { key: join(directory, 'key.pem'), enrolled: join(directory, 'enrolled.json') };
}

/** What a connection is made with. */
export interface Presented {
  /** Absent: plaintext. */
  readonly tls?: TlsSettings;
  /** The gateway's bearer token. */
  readonly token?: string;
  /** Of the files that it was read from. */
  readonly stamp?: string;
}

/** Files are looked at this often at the most. */
const lookEveryMs = 2_000;

type Options = Pick<UplinkOptions, 'tls' | 'token' | 'tokenFile'>;

/** The gateway's certificates, keys and tokens, from files that are read anew for each connection. */
export class Credentials {
  readonly #options: Partial<Options>;
  readonly #directory: string | undefined;
  #stamp = '';
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param directory of the enrolled identity; absent: there is none */
  constructor(options: Partial<Options>, directory?: string) {
    this.#options = options;
    this.#directory = directory;
  }

  /**
   * What to show and whom to trust at this address.
   *
   * @throws HeadgateError `config.unreadable` or `config.invalid`
   */
  load(url: string): Presented {
    const stamp = this.#stampNow();
    this.#stamp = stamp;
    const { protocol, hostname } = new URL(url);
    const token = this.#token();
    if (protocol === 'https:') {
      return {
        tls: { ...this.#material(), serverName: serverNameOf(url, this.#options.tls?.serverName) },
        ...(token && { token }),
        stamp,
      };
    }
    if (token !== undefined && !isThisMachine(hostname)) {
      throw new HeadgateError(
        'config.invalid',
        `The uplink's token would go to ${url} for everybody on the way to read: use an address that begins with https://.`,
      );
    }
    return { ...(token && { token }), stamp };
  }

  /** Whether the files are others by now than those that something was read from. @param now monotonic, in milliseconds */
  hasChanged({ stamp }: Presented, now: MonotonicMs): boolean {
    if (now - this.#lookedAt >= lookEveryMs) {
      this.#lookedAt = now;
      this.#stamp = this.#stampNow();
    }
    return stamp !== undefined && this.#stamp !== stamp;
  }

  #material(): Omit<TlsSettings, 'serverName'> {
    const { ca, certificate, key } = this.#options.tls ?? {};
    if ((certificate === undefined) !== (key === undefined)) {
      const [has, lacks] = key === undefined ? ['certificate', 'key'] : ['key', 'certificate'];
      throw new HeadgateError('config.invalid', `\`uplink.tls.${has}\` is of no use without \`uplink.tls.${lacks}\`.`);
    }
    const enrolled = this.#enrolled();
    const authorities = ca === undefined ? enrolled?.ca : readSecret(ca, 'uplink.tls.ca');
    const own =
      certificate === undefined || key === undefined
        ? enrolled && { certificate: enrolled.certificate, key: enrolled.key }
        : { certificate: readSecret(certificate, 'uplink.tls.certificate'), key: readSecret(key, 'uplink.tls.key') };
    return { ...(authorities !== undefined && { ca: authorities }), ...own };
  }

  #enrolled(): (Enrolled & { readonly key: string }) | undefined {
    if (this.#directory === undefined) return undefined;
    const files = identityFiles(this.#directory);
    const key = readIfThere(files.key);
    const enrolled = readEnrolled(this.#directory);
    return key === undefined || enrolled === undefined ? undefined : { ...enrolled, key };
  }

  #token(): string | undefined {
    const { token, tokenFile } = this.#options;
    return tokenFile === undefined ? token : readSecret(tokenFile, 'uplink.tokenFile').trim() || undefined;
  }

  #stampNow(): string {
    const { tls = {}, tokenFile } = this.#options;
    const named = [tls.ca, tls.certificate, tls.key, tokenFile].filter((path) => path !== undefined);
    const paths = named.map((path) => secretPath(path, 'uplink.tls'));
    if (this.#directory !== undefined) paths.push(identityFiles(this.#directory).enrolled);
    return paths.map(stampOf).join('|');
  }
}

/** What enrolment left; undefined before it. @throws HeadgateError `data.unreadable` */
export function readEnrolled(directory: string): Enrolled | undefined {
  const { enrolled } = identityFiles(directory);
  const text = readIfThere(enrolled);
  if (text === undefined) return undefined;
  try {
    const { certificate, ca } = JSON.parse(text) as Partial<Enrolled>;
    if (typeof certificate === 'string' && typeof ca === 'string') return { certificate, ca };
  } catch {
    // Said below.
  }
  throw new HeadgateError('data.unreadable', `The gateway's certificate ${enrolled} is not as Headgate wrote it.`);
}

/** The name that the collector's certificate has to be good for. */
export function serverNameOf(url: string, configured: string | undefined): string {
  return configured ?? new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}
