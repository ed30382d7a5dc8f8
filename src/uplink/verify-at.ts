import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate, rootCertificates } from 'node:tls';
import type { UnixMs } from '../core/time.ts';

/** What the check of certificates says for want of the right time. */
const timeCodes = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);
/** Closer clocks see the same certificates as valid, but for a moment. */
const sameMs = 60_000;
const serverAuthentication = '1.3.6.1.5.5.7.3.1';

/**
 * OpenSSL goes by the system's clock. Where the gateway knows better what time it is, and time was all that OpenSSL found
 * wrong as far as it said, the certificates are looked through again.
 */
export function isForUsToJudge(code: string, nowMs: UnixMs): boolean {
  return timeCodes.has(code) && Math.abs(nowMs - Date.now()) > sameMs;
}

/**
 * What is wrong with a server's certificates at a time: times, signatures up to an authority that signs itself, purpose,
 * name. Constraints on path lengths and names are not looked at.
 *
 * @param shown the server's own certificate first, then each one's issuer
 * @param ca authorities, PEM, any number of them; absent: those that Node knows
 * @returns a code as OpenSSL's; undefined when nothing is wrong
 */
export function wrongAt(
  shown: readonly PeerCertificate[],
  ca: string | undefined,
  serverName: string,
  nowMs: UnixMs,
): string | undefined {
  const authorities = (ca === undefined ? rootCertificates : certificatesIn(ca)).map((pem) => new X509Certificate(pem));
  const chain = shown.map(({ raw }) => new X509Certificate(raw));
  let isAnchored = false;
  for (const [index, certificate] of chain.entries()) {
    const late = wrongTime(certificate, nowMs);
    if (late !== undefined) return late;
    const authority = authorities.find((one) => isIssuedBy(certificate, one) && isIssuedBy(one, one));
    if (authority !== undefined) {
      const lateToo = wrongTime(authority, nowMs);
      if (lateToo !== undefined) return lateToo;
      isAnchored = true;
      break;
    }
    const issuer = chain[index + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) break;
  }
  const [own] = shown;
  if (!isAnchored || own === undefined) return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  const purposes = own.ext_key_usage;
  if (purposes !== undefined && !purposes.includes(serverAuthentication)) return 'INVALID_PURPOSE';
  return (checkServerIdentity(serverName, own) as NodeJS.ErrnoException | undefined)?.code;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function wrongTime({ validFrom, validTo }: X509Certificate, nowMs: UnixMs): string | undefined {
  if (Date.parse(validFrom) > nowMs) return 'CERT_NOT_YET_VALID';
  return Date.parse(validTo) < nowMs ? 'CERT_HAS_EXPIRED' : undefined;
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
