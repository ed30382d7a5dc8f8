import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { HeadgateError, messageOf } from '../../core/errors.ts';
import type { Clock } from '../../core/time.ts';
import type { Log } from '../../lib/log.ts';
import { readSecret, secretPath, stampOf } from '../../lib/secret-file.ts';
import type { CertificateAuthority } from '../certificate-authority.ts';
import type { CollectorTlsOptions } from '../options.ts';

/** Files are looked at this often. */
const lookEveryMs = 2_000;
const ownValidDays = 90;
const dayMs = 86_400_000;
const usualHandshakeMs = 10_000;
/** A failed handshake is told of once in this time, for each address and reason. */
const quietMs = 60_000;

export interface TlsGateDependencies {
  readonly options: CollectorTlsOptions;
  /** Where the collector listens. */
  readonly host: string;
  readonly authority: CertificateAuthority;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a handshake may take, in ms. Default 10,000. */
  readonly handshakeMs?: number;
}

/**
 * TLS before the gRPC server. Certificates are read anew when their files change: connections that stand are not touched, new
 * ones get the new certificate.
 */
export class TlsGate {
  readonly #deps: TlsGateDependencies;
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stamp = '';
  /** When a certificate that the authority made for the collector is due to be made anew. */
  #renewAt = Number.POSITIVE_INFINITY;
  readonly #told = new Map<string, number>();

  constructor(deps: TlsGateDependencies) {
    this.#deps = deps;
  }

  /** @param accept gets each connection once its handshake is done @throws HeadgateError `config.*` */
  async start(accept: (socket: TLSSocket) => void): Promise<void> {
    this.#stamp = this.#stampNow();
    const material = await this.#material();
    try {
      this.#server = createServer({
        ...material,
        ALPNProtocols: ['h2'],
        // Whether the certificate is good, and for whom, is told to the gateway in words, on its stream.
        requestCert: true,
        rejectUnauthorized: false,
        handshakeTimeout: this.#deps.handshakeMs ?? usualHandshakeMs,
      });
    } catch (error) {
      throw unusable(error);
    }
    this.#server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      // Nothing but HTTP/2 is spoken here.
      if (socket.alpnProtocol === 'h2') accept(socket);
      else socket.destroy();
    });
    this.#server.on('tlsClientError', (error, socket) => {
      this.#failed(error, socket.remoteAddress ?? 'unknown');
      // One that says nothing would stay.
      socket.destroy();
    });
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref();
  }

  /** Takes in a TCP connection. */
  inject(socket: Socket): void {
    this.#server?.emit('connection', socket);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#server?.close();
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#deps;
    const stamp = this.#stampNow();
    if (stamp === this.#stamp && clock.now() < this.#renewAt) return;
    this.#stamp = stamp;
    try {
      this.#server?.setSecureContext(await this.#material());
      log.info({}, 'New connections get the new certificate.');
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'The new certificate can not be used: the one before stays in use.');
    }
  }

  async #material(): Promise<TlsOptions> {
    const { options, authority } = this.#deps;
    const authorities = [authority.certificate];
    if (options.clientCa !== undefined) authorities.push(readSecret(options.clientCa, 'collector.tls.clientCa'));
    const shared = { ca: authorities, minVersion: 'TLSv1.2' } as const;
    if (options.certificate !== undefined) {
      if (options.key === undefined)
        throw new HeadgateError('config.invalid', '`collector.tls.certificate` needs `collector.tls.key`.');
      return {
        ...shared,
        cert: readSecret(options.certificate, 'collector.tls.certificate'),
        key: readSecret(options.key, 'collector.tls.key'),
      };
    }
    const { certificate, key, expiresAt } = await authority.makeServer(this.#names(), ownValidDays);
    this.#renewAt = expiresAt - (ownValidDays / 3) * dayMs;
    // With the authority's own, so that a gateway can know it by its fingerprint.
    return { ...shared, cert: `${certificate}${authority.certificate}`, key };
  }

  #names(): string[] {
    const { options, host } = this.#deps;
    const isAnywhere = host === '0.0.0.0' || host === '::';
    return [...new Set([...options.names, ...(isAnywhere ? [] : [host]), hostname(), 'localhost', '127.0.0.1', '::1'])];
  }

  #stampNow(): string {
    const { certificate, key, clientCa } = this.#deps.options;
    const paths = [certificate, key, clientCa].filter((path) => path !== undefined);
    return paths.map((path) => stampOf(secretPath(path, 'collector.tls'))).join('|');
  }

  #failed(error: Error, address: string): void {
    const { log, clock } = this.#deps;
    const { code = error.message } = error as NodeJS.ErrnoException;
    // Who goes away without a word is told of by nobody.
    if (code === 'ECONNRESET') return;
    const now = clock.monotonic();
    const name = `${address} ${code}`;
    if (now - (this.#told.get(name) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    if (this.#told.size >= 1_000) this.#told.clear();
    this.#told.set(name, now);
    log.warn({ from: address, reason: reasonOf(code) }, 'A TLS handshake failed.');
  }
}

function reasonOf(code: string): string {
  if (
    code === 'ERR_SSL_HTTP_REQUEST' ||
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    /UNEXPECTED|PACKET_LENGTH|HTTPS_PROXY/.test(code)
  )
    return `it speaks no TLS: a gateway's \`uplink.url\` has to begin with https:// here (${code})`;
  if (/NO_APPLICATION_PROTOCOL|NO_SUITABLE/.test(code)) return `it does not speak HTTP/2 (${code})`;
  if (/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/.test(code))
    return `it does not trust this collector's certificate (${code})`;
  return code;
}

function unusable(error: unknown): HeadgateError {
  return new HeadgateError(
    'config.invalid',
    `The collector's certificates can't be used (${messageOf(error)}): check the files that \`collector.tls\` names.`,
    { cause: error },
  );
}
