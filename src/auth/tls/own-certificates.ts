import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { earliestPlausibleMs, type UnixMs } from '../../core/time.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;
/** Clients have the authority as a file: it outlives what it signs by far. */
const authorityDays = 20 * 365;
/** Apple's systems take no server certificate that is good for longer. */
const serverDays = 397;

/** A key and its certificate, PEM. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

/** A new authority for this gateway's listeners. */
export async function makeAuthority(nowMs: UnixMs): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const begin = beginOf(nowMs);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Headgate gateway ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(begin),
    notAfter: new Date(begin + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await pemOf(keys.privateKey), certificate: `${certificate.toString('pem')}\n` };
}

/** A key and a certificate for a server that is dialled under these host names and IP addresses. */
export async function makeServer(authority: KeyPair, names: readonly string[], nowMs: UnixMs): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const pkcs8 = x509.PemConverter.decodeFirst(authority.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const begin = beginOf(nowMs);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=Headgate gateway',
    issuer: issuer.subject,
    notBefore: new Date(begin),
    notAfter: new Date(Math.min(begin + serverDays * dayMs, issuer.notAfter.getTime())),
    signingKey,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => (isIP(value) === 0 ? { type: 'dns', value } : { type: 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return {
    key: await pemOf(keys.privateKey),
    certificate: `${certificate.toString('pem')}\n${authority.certificate}`,
  };
}

/** A machine without a battery may not know what time it is, and is not older than Headgate. */
function beginOf(nowMs: UnixMs): UnixMs {
  return Math.max(nowMs, earliestPlausibleMs) - dayMs;
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** Positive, and 126 bits of chance. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
