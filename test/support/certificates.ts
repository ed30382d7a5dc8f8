import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

export interface CertificateOptions {
  /** Host names and addresses. Default: `localhost` and `127.0.0.1`. */
  readonly names?: readonly string[];
  /** URIs, as those by which certificates name gateways. */
  readonly uris?: readonly string[];
  readonly commonName?: string;
  /** From and until when it is good, in days from now. Default: from a day ago for 30 days. */
  readonly fromDays?: number;
  readonly untilDays?: number;
}

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** An authority for tests. */
export class TestAuthority {
  readonly certificate: string;
  readonly #issuer: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(issuer: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.certificate = `${issuer.toString('pem')}\n`;
    this.#issuer = issuer;
    this.#keys = keys;
  }

  static async make(name = 'Test authority'): Promise<TestAuthority> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const issuer = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - 2000 * dayMs),
      notAfter: new Date(Date.now() + 2000 * dayMs),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new TestAuthority(issuer, keys);
  }

  async sign(options: CertificateOptions = {}): Promise<KeyPair> {
    const {
      names = ['localhost', '127.0.0.1'],
      uris = [],
      commonName = 'test',
      fromDays = -1,
      untilDays = 30,
    } = options;
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: Date.now().toString(16).padStart(16, '1'),
      subject: `CN=${commonName}`,
      issuer: this.#issuer.subject,
      notBefore: new Date(Date.now() + fromDays * dayMs),
      notAfter: new Date(Date.now() + untilDays * dayMs),
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          ...names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
          ...uris.map((value) => ({ type: 'url', value }) as const),
        ]),
      ],
    });
    const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    return { certificate: `${certificate.toString('pem')}\n`, key: `${key}\n` };
  }
}

/** Writes a pair into a directory; returns the paths. */
export function keep(directory: string, name: string, { certificate, key }: KeyPair): KeyPair {
  const paths = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
  writeFileSync(paths.certificate, certificate);
  writeFileSync(paths.key, key);
  return paths;
}
