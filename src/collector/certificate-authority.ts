import 'reflect-metadata';
import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import { privateFile } from '../lib/private-file.ts';
import { gatewayUri } from '../wire/identity.ts';
import { keyHashOf } from './security/evidence.ts';

const dayMs = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** An authority outlives what it signs by far: gateways have it as a file, and somebody has to go there to change it. */
const authorityDays = 20 * 365;
/** Clocks are not all alike: what is signed now is good from an hour ago. */
const toleranceMs = 3_600_000;

/** A certificate, and what to remember of it. */
export interface Issued {
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the public key, in hex: the same for every certificate of one key. */
  readonly keyHash: string;
  readonly expiresAt: number;
}

/**
 * The collector's own certificate authority: one EC P-256 key and certificate, kept in a file beside the records, that signs
 * gateways and, where none is configured, the collector itself.
 */
export class CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly #issuer: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #clock: Clock;

  private constructor(certificate: string, key: webcrypto.CryptoKey, clock: Clock) {
    this.certificate = certificate;
    this.#issuer = new x509.X509Certificate(certificate);
    this.#key = key;
    this.#clock = clock;
  }

  /**
   * The authority in a file, which is made at first need. The file holds the key and the certificate, PEM.
   *
   * @throws HeadgateError `data.unwritable`; `data.unreadable` when the file holds something else
   */
  static async open(path: string, clock: Clock): Promise<CertificateAuthority> {
    const what = "The collector's certificate authority";
    const text = await privateFile(path, what, () => makeAuthority(clock.now()));
    try {
      const [, key = '', certificate = ''] =
        /(-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----).*?(-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----)/s.exec(
          text,
        ) ?? [];
      const pkcs8 = x509.PemConverter.decodeFirst(key);
      const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
      return new CertificateAuthority(`${certificate}\n`, privateKey, clock);
    } catch (error) {
      throw new HeadgateError('data.unreadable', `${what} ${path} can't be read: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }

  /**
   * A certificate for the key of a certification request, which names one gateway whatever the request says.
   *
   * @param csr PKCS #10, DER
   * @throws HeadgateError `request.invalid` when it is none, or not signed with its own key
   */
  async signGateway(csr: Uint8Array, gateway: string, validDays: number): Promise<Issued> {
    const request = await checkedRequest(csr);
    return await this.#sign(request.publicKey, `CN=${escapeName(gateway)}`, validDays, [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth], true),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: gatewayUri(gateway) }]),
    ]);
  }

  /**
   * A key and a certificate for a server.
   *
   * @param names host names and IP addresses under which it is dialled
   * @returns PEM of both; the certificate is followed by the authority's
   */
  async makeServer(names: readonly string[], validDays: number): Promise<Issued & { readonly key: string }> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const issued = await this.#sign(keys.publicKey, `CN=${escapeName(names[0] ?? 'headgate')}`, validDays, [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], true),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => (isIP(value) === 0 ? { type: 'dns', value } : { type: 'ip', value })),
      ),
    ]);
    return { ...issued, key: await pemOf(keys.privateKey) };
  }

  /**
   * SHA-256 of a certification request's public key, in hex. Whoever has an authority has loaded its library; nobody else has to.
   *
   * @throws HeadgateError `request.invalid` when it is none
   */
  async keyHashOf(csr: Uint8Array): Promise<string> {
    const { publicKey } = await checkedRequest(csr);
    return createHash('sha256').update(new Uint8Array(publicKey.rawData)).digest('hex');
  }

  async #sign(
    publicKey: webcrypto.CryptoKey | x509.PublicKey,
    subject: string,
    validDays: number,
    extensions: x509.Extension[],
  ): Promise<Issued> {
    const now = this.#clock.now();
    const signed = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject,
      issuer: this.#issuer.subject,
      notBefore: new Date(now - toleranceMs),
      notAfter: new Date(Math.min(now + validDays * dayMs, this.#issuer.notAfter.getTime())),
      signingKey: this.#key,
      signingAlgorithm: algorithm,
      publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...extensions,
        await x509.AuthorityKeyIdentifierExtension.create(this.#issuer),
      ],
    });
    const certificate = `${signed.toString('pem')}\n`;
    return { certificate, keyHash: keyHashOf(new X509Certificate(certificate)), expiresAt: signed.notAfter.getTime() };
  }
}

async function checkedRequest(csr: Uint8Array): Promise<x509.Pkcs10CertificateRequest> {
  let reason = 'it is not signed with its own key';
  try {
    const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(csr));
    if (await request.verify()) return request;
  } catch (error) {
    reason = messageOf(error);
  }
  throw new HeadgateError('request.invalid', `The certification request is none that can be signed: ${reason}.`);
}

async function makeAuthority(now: number): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Headgate collector ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${await pemOf(keys.privateKey)}${certificate.toString('pem')}\n`;
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** Positive, and 127 bits of chance. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** A value in a distinguished name: what has a meaning there is escaped. */
function escapeName(value: string): string {
  return Array.from(value, (character) => (/[A-Za-z0-9._:-]/.test(character) ? character : hexOf(character))).join('');
}

function hexOf(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}
