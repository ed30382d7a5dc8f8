import { X509Certificate } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { HeadgateError, messageOf } from '../../core/errors.ts';
import { type Clock, earliestPlausibleMs, type UnixMs } from '../../core/time.ts';
import type { ListenerTls } from '../../lib/listener-tls.ts';
import type { Log } from '../../lib/log.ts';
import { privateFile, readIfThere, writePrivateFile } from '../../lib/private-file.ts';
import { readSecret, secretPath, stampOf } from '../../lib/secret-file.ts';
import type { KeyPair } from './own-certificates.ts';

/** What may be told of a listener's certificate. */
export interface CertificateStatus {
  /** The gateway made it itself; else it is that of the configuration. */
  readonly isOwn: boolean;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint: string;
}

/** What a server can be given another certificate by, while it runs. */
export interface TlsServer {
  setSecureContext(options: SecureContextOptions): void;
}

export interface ServerCertificateDependencies {
  readonly options: ListenerTls & { readonly clientCa?: string };
  /** Of the options, for messages: `mqtt.tls`. */
  readonly key: string;
  /** Where certificates of our own are, shared by all listeners. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How often it is looked whether something has changed, in ms. Default 2,000. */
  readonly followMs?: number;
}

/** A certificate of our own is made anew so long before its end; another's end is told of then. */
const dueMs = 60 * 86_400_000;
const warnMs = 14 * 86_400_000;
const authorityFile = 'authority.pem';
const serverFile = 'server.pem';

/** The file that clients need to know gateways with certificates of their own: the authority, with its key. */
export function ownAuthorityPath(directory: string): string {
  return join(directory, authorityFile);
}

/**
 * A listener's certificate: from files, or of the gateway's own authority. It is followed while the server runs: what changes is in
 * use for new connections within seconds, and what can't be used is told and left.
 */
export class ServerCertificate {
  readonly #deps: ServerCertificateDependencies;
  #context: SecureContextOptions = {};
  #leaf: X509Certificate | undefined;
  #stamps = '';
  #warnedFor = '';
  #timer: NodeJS.Timeout | undefined;
  #server: TlsServer | undefined;

  constructor(deps: ServerCertificateDependencies) {
    this.#deps = deps;
  }

  /** Undefined before it is opened. */
  get leaf(): X509Certificate | undefined {
    return this.#leaf;
  }

  /** The gateway makes it itself. */
  get isOwn(): boolean {
    return this.#deps.options.certificate === undefined;
  }

  /**
   * Takes the certificate of the gateway's own that there is by now.
   * @param isAnew it is made first, for all listeners
   * @throws {HeadgateError} data.unwritable
   */
  async renew(isAnew: boolean): Promise<void> {
    this.#use(await this.#read(isAnew));
    this.#server?.setSecureContext(this.#context);
    this.#deps.log.info({ key: this.#deps.key, ...this.status() }, 'The certificate of a listener was changed.');
  }

  /** What a server is made with. @throws {HeadgateError} config.invalid, config.unreadable, data.unwritable */
  async open(): Promise<SecureContextOptions> {
    this.#stamps = this.#look();
    this.#use(await this.#read());
    const { key, log } = this.#deps;
    log.info({ key, ...this.status() }, 'The certificate of a listener.');
    return this.#context;
  }

  /** Gives a server what changes, until `close`. */
  follow(server: TlsServer): void {
    this.#server = server;
    let isBusy = false;
    this.#timer = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      void this.#again(server).finally(() => {
        isBusy = false;
      });
    }, this.#deps.followMs ?? 2_000).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Undefined before it is opened. */
  status(): CertificateStatus | undefined {
    if (this.#leaf === undefined) return undefined;
    const { validTo, fingerprint256: fingerprint } = this.#leaf;
    return { isOwn: this.isOwn, expiresAt: new Date(validTo).toISOString(), fingerprint };
  }

  async #again(server: TlsServer): Promise<void> {
    const { log, key, clock } = this.#deps;
    const now = clock.now();
    const expiresAt = Date.parse(this.#leaf?.validTo ?? '');
    if (!this.isOwn && expiresAt - now < warnMs && this.#warnedFor !== this.#leaf?.fingerprint256) {
      this.#warnedFor = this.#leaf?.fingerprint256 ?? '';
      log.warn({ key, expiresAt: new Date(expiresAt).toISOString() }, 'The certificate of a listener is over soon.');
    }
    const stamps = this.#look();
    if (stamps === this.#stamps && !(this.isOwn && isDue(expiresAt, now))) return;
    this.#stamps = stamps;
    try {
      this.#use(await this.#read());
      server.setSecureContext(this.#context);
      log.info({ key, ...this.status() }, 'The certificate of a listener was changed.');
    } catch (error) {
      log.error(
        { key, reason: messageOf(error) },
        'The changed certificate of a listener is not used: the one before is.',
      );
    }
  }

  /** What the files look like. */
  #look(): string {
    const { options, directory } = this.#deps;
    const { certificate = join(directory, serverFile), key, clientCa } = options;
    const files = [certificate, key, clientCa].filter((one) => one !== undefined);
    return files.map((one) => stampOf(secretPath(one, this.#deps.key))).join('\n');
  }

  async #read(isAnew = false): Promise<SecureContextOptions & { readonly cert: string }> {
    const { options, key } = this.#deps;
    const pair = this.isOwn ? await this.#own(isAnew) : this.#given();
    // Without any, whatever authority the machine trusts would vouch for names in clients' certificates.
    const ca = options.clientCa === undefined ? [] : readSecret(options.clientCa, `${key}.clientCa`);
    // Without this, what is wrong would be told to the first client only.
    const found = {
      cert: pair.certificate,
      key: pair.key,
      minVersion: 'TLSv1.2',
      ca,
    } as const;
    try {
      createSecureContext(found);
      new X509Certificate(pair.certificate);
    } catch (error) {
      throw new HeadgateError(
        'config.invalid',
        `\`${key}\`: the certificate and its key can't be used: ${messageOf(error)}.`,
        {
          cause: error,
        },
      );
    }
    return found;
  }

  #given(): KeyPair {
    const { options, key } = this.#deps;
    const certificate = readSecret(options.certificate!, `${key}.certificate`);
    return { certificate, key: options.key === undefined ? certificate : readSecret(options.key, `${key}.key`) };
  }

  #use(found: SecureContextOptions & { readonly cert: string }): void {
    this.#context = found;
    this.#leaf = new X509Certificate(found.cert);
  }

  /** The certificate of our own, made when there is none, it is due, or the machine has another name or address. */
  async #own(isAnew: boolean): Promise<KeyPair> {
    const { directory, options, clock } = this.#deps;
    const path = join(directory, serverFile);
    const kept = readIfThere(path);
    const names = [...new Set([...machineNames(), ...options.names])];
    if (!isAnew && kept !== undefined && isGood(kept, names, clock.now())) return pairIn(kept);
    // It takes a tenth of a second to load, and is needed once a year.
    const { makeAuthority, makeServer } = await import('./own-certificates.ts');
    const what = "The authority of the gateway's own certificates";
    const made = async () => textOf(await makeAuthority(clock.now()));
    const authority = pairIn(await privateFile(ownAuthorityPath(directory), what, made));
    const server = await makeServer(authority, [...new Set([...names, ...namesIn(kept)])].slice(0, 50), clock.now());
    writePrivateFile(path, textOf(server), "The gateway's own certificate");
    return server;
  }
}

/** A certificate that nobody keeps, for as long as there is no place to keep one. */
export async function passingCertificate(now: UnixMs): Promise<SecureContextOptions> {
  const { makeAuthority, makeServer } = await import('./own-certificates.ts');
  const { key, certificate } = await makeServer(await makeAuthority(now), machineNames(), now);
  return { key, cert: certificate };
}

/** Names under which this machine may be dialled, as far as it knows. */
function machineNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const plain = addresses.filter((one) => !one.startsWith('fe80:'));
  const [host] = hostname().toLowerCase().split('.');
  const isName = host !== undefined && /^[a-z0-9-]{1,63}$/.test(host);
  return ['localhost', ...(isName ? [host, `${host}.local`] : []), '127.0.0.1', '::1', ...plain.slice(0, 20)];
}

/** Names that one had before stay: an address that comes and goes must not make a new one each time. */
function namesIn(kept: string | undefined): string[] {
  if (kept === undefined) return [];
  try {
    const { subjectAltName = '' } = new X509Certificate(pairIn(kept).certificate);
    return subjectAltName.split(', ').map((one) => one.replace(/^(DNS|IP Address):/, ''));
  } catch {
    // It is damaged, and made anew.
    return [];
  }
}

function isGood(kept: string, names: readonly string[], now: UnixMs): boolean {
  try {
    const leaf = new X509Certificate(pairIn(kept).certificate);
    const has = (name: string) =>
      leaf.checkHost(name, { wildcards: false }) !== undefined || leaf.checkIP(name) !== undefined;
    return !isDue(Date.parse(leaf.validTo), now) && names.every(has);
  } catch {
    // It is damaged, and made anew.
    return false;
  }
}

/** A clock that is not set says nothing. */
function isDue(expiresAt: UnixMs, now: UnixMs): boolean {
  return now >= earliestPlausibleMs && expiresAt - now < dueMs;
}

function textOf({ key, certificate }: KeyPair): string {
  return `${key}${certificate}`;
}

/** The key comes first. */
function pairIn(text: string): KeyPair {
  const at = text.indexOf('-----BEGIN CERTIFICATE-----');
  return { key: text.slice(0, Math.max(0, at)), certificate: text.slice(Math.max(0, at)) };
}
