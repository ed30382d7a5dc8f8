import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { UnixMs } from '../core/time.ts';
import type { Ending } from './connection.ts';
import { type Expectation, explainHandshake, explainVerification, noHttp2 } from './tls-reasons.ts';
import { isForUsToJudge, wrongAt } from './verify-at.ts';
import type { Endpoint } from './who-is-there.ts';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;
type SecureConnection = Awaited<ReturnType<SecureConnector['connect']>>;

/** What the gateway shows and whom it trusts, PEM. */
export interface TlsMaterial {
  /** Authorities that may have signed the collector. Absent: those that Node knows. */
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** SHA-256 fingerprints of certificates, in hex: one of the collector's chain has to have it. In place of `ca`. */
  readonly fingerprint?: string;
}

/** How to speak to one collector over TLS. */
export interface TlsSettings extends TlsMaterial {
  /** The name that the collector's certificate has to be good for. */
  readonly serverName: string;
}

/**
 * How one channel reaches its collector: in plaintext, or over TLS. grpc-js hands the TCP socket over before anything is
 * sent on it, so this is where bytes can be counted as they are on the wire, and where it is known why a handshake failed,
 * which grpc-js leaves out.
 */
export class Transport extends ChannelCredentials {
  readonly #tls: (TlsSettings & { readonly context: SecureContext }) | undefined;
  readonly #now: () => UnixMs;
  readonly #sockets: Socket[] = [];
  #failure: Ending | undefined;
  #endpoint: Endpoint | undefined;
  #expiresAt: number | undefined;
  #chain: readonly string[] = [];

  /**
   * @param tls absent: plaintext
   * @param now by which certificates are judged; the system's clock may not be set
   * @throws HeadgateError `config.invalid` when keys or certificates are not what they should be
   */
  constructor(tls?: TlsSettings, now: () => UnixMs = Date.now) {
    super();
    this.#now = now;
    this.#tls = tls && { ...tls, context: contextOf(tls) };
  }

  /** Bytes that went over the network so far, both ways: TLS and HTTP/2 included, TCP's and IP's own not. */
  wireBytes(): number {
    return this.#sockets.reduce((sum, socket) => sum + socket.bytesRead + socket.bytesWritten, 0);
  }

  /** Why the last handshake failed; undefined when none did. */
  get failure(): Ending | undefined {
    return this.#failure;
  }

  /** Who took the last connection; undefined when nobody did. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** When the collector's certificate expires; undefined before the handshake and in plaintext. */
  get expiresAt(): number | undefined {
    return this.#expiresAt;
  }

  /** The certificates that the collector showed, PEM, its own first. */
  get chain(): readonly string[] {
    return this.#chain;
  }

  override compose(): ChannelCredentials {
    return this;
  }

  override _isSecure(): boolean {
    return this.#tls !== undefined;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): SecureConnector {
    return {
      connect: (socket) => this.#connect(socket),
      waitForReady: async () => {},
      getCallCredentials: () => callCredentials,
      destroy: () => {},
    };
  }

  async #connect(socket: Socket): Promise<SecureConnection> {
    this.#sockets.push(socket);
    const { remoteAddress: host, remotePort: port } = socket;
    if (host !== undefined && port !== undefined) this.#endpoint = { host, port };
    if (this.#tls === undefined) return { socket, secure: false };
    return { socket: await this.#shakeHands(socket, this.#tls), secure: true };
  }

  #shakeHands(socket: Socket, tls: TlsSettings & { readonly context: SecureContext }): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const fail = (ending: Ending): void => {
        this.#failure = ending;
        secured.destroy();
        reject(new Error(ending.reason));
      };
      const expectation: Expectation = { serverName: tls.serverName, where: `${socket.remoteAddress}` };
      // Whether the certificate is good is for us to see, so that we can say what is wrong with it. Nothing is sent before.
      const secured = connectTls({
        socket,
        host: tls.serverName,
        // An address is no name that could be asked for (RFC 6066); it is what the certificate has to be good for, though.
        ...(isIP(tls.serverName) === 0 && { servername: tls.serverName }),
        ALPNProtocols: ['h2'],
        rejectUnauthorized: false,
        secureContext: tls.context,
      });
      const broke = (error?: Error): void => fail(explainHandshake(error, expectation));
      const closed = (): void => broke();
      secured.once('error', broke);
      secured.once('close', closed);
      secured.once('secureConnect', () => {
        secured.off('error', broke);
        secured.off('close', closed);
        const certificate = secured.getPeerCertificate(true);
        const wrong = judge(secured, tls, expectation.where, this.#now());
        if (wrong !== undefined) fail(wrong);
        else {
          this.#failure = undefined;
          this.#expiresAt = Date.parse(certificate.valid_to);
          this.#chain = chainOf(certificate).map(pemOf);
          resolve(secured);
        }
      });
    });
  }
}

/** @throws HeadgateError `config.invalid` when they are no keys and certificates */
export function contextOf({ ca, certificate, key }: TlsMaterial): SecureContext {
  try {
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca }),
      ...(certificate !== undefined && { cert: certificate }),
      ...(key !== undefined && { key }),
    });
  } catch (error) {
    throw new HeadgateError(
      'config.invalid',
      `The uplink's certificates can't be used (${messageOf(error)}): check the files that \`uplink.tls\` names.`,
      { cause: error },
    );
  }
}

/**
 * What is wrong with who is at the other end of a TLS connection, in words; undefined when nothing is.
 *
 * @param where its address
 */
export function judge(secured: TLSSocket, tls: TlsSettings, where: string, now: UnixMs): Ending | undefined {
  const certificate = secured.getPeerCertificate(true);
  const expectation: Expectation = { serverName: tls.serverName, where };
  const wrong = verify(secured, certificate, tls, now);
  if (wrong !== undefined) return explainVerification(wrong, certificate, expectation, now);
  return secured.alpnProtocol === 'h2' ? undefined : noHttp2(expectation);
}

/** What is wrong with the collector's certificate: a code of OpenSSL's or Node's; undefined when nothing is. */
function verify(secured: TLSSocket, certificate: PeerCertificate, tls: TlsSettings, now: UnixMs): string | undefined {
  if (tls.fingerprint === undefined) {
    if (secured.authorized) return undefined;
    const code = String(secured.authorizationError);
    return isForUsToJudge(code, now) ? wrongAt(chainOf(certificate), tls.ca, tls.serverName, now) : code;
  }
  if (!isVouchedFor(chainOf(certificate), normalised(tls.fingerprint))) return 'FINGERPRINT_MISMATCH';
  if (Date.parse(certificate.valid_from) > now) return 'CERT_NOT_YET_VALID';
  if (Date.parse(certificate.valid_to) < now) return 'CERT_HAS_EXPIRED';
  // Who has the fingerprint of the very certificate need not ask for its name.
  if (normalised(certificate.fingerprint256) === normalised(tls.fingerprint)) return undefined;
  return (checkServerIdentity(tls.serverName, certificate) as NodeJS.ErrnoException | undefined)?.code;
}

/** Whether the first certificate has the fingerprint, or is signed, from one to the next, by an authority that has it. */
function isVouchedFor(chain: readonly PeerCertificate[], fingerprint: string): boolean {
  const certificates = chain.map(({ raw }) => new X509Certificate(raw));
  for (const [index, certificate] of certificates.entries()) {
    if (normalised(certificate.fingerprint256) === fingerprint) return true;
    const issuer = certificates[index + 1];
    // That a certificate names its issuer, anybody can write into it.
    if (!issuer?.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
  }
  return false;
}

/** From the server's own certificate to the last one that it is signed by, as far as they were shown. */
function chainOf(certificate: PeerCertificate): PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  let next = certificate as PeerCertificate & { readonly issuerCertificate?: PeerCertificate };
  while (next?.raw !== undefined && !chain.includes(next)) {
    chain.push(next);
    next = next.issuerCertificate as PeerCertificate;
  }
  return chain;
}

function pemOf({ raw }: PeerCertificate): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function normalised(fingerprint: string): string {
  return fingerprint
    .replace(/^sha-?256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
}
