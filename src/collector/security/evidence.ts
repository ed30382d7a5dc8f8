import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { gatewayOfUri } from '../../wire/identity.ts';
import { bearerOf } from '../admin/token.ts';
import type { Evidence } from './authorise.ts';

/**
 * By what a call shows who it is from.
 *
 * @param authorization the call's metadata
 * @param socket of its connection; undefined in plaintext
 * @param authority the collector's own, PEM
 */
export function evidenceOf(
  authorization: string | undefined,
  socket: TLSSocket | undefined,
  authority: string | undefined,
): Evidence {
  const token = bearerOf(authorization);
  if (token !== undefined) return { name: 'token', hash: hashOf(token) };
  const shown = socket?.getPeerCertificate();
  if (socket === undefined || shown?.raw === undefined) return { name: 'none' };
  const certificate = new X509Certificate(shown.raw);
  const own = authority === undefined ? undefined : new X509Certificate(authority);
  return {
    name: 'certificate',
    gateways: namesOf(certificate, shown.subject.CN),
    keyHash: keyHashOf(certificate),
    isIssuedHere: own !== undefined && certificate.checkIssued(own) && certificate.verify(own.publicKey),
    expiresAt: Date.parse(certificate.validTo),
    ...(!socket.authorized && { problem: String(socket.authorizationError) }),
  };
}

/** SHA-256 of a token, in hex: all that is kept of it. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** SHA-256 of a certificate's public key, in hex. */
export function keyHashOf(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Our own URIs when there are any; else, for certificates of other authorities, the common name. */
function namesOf({ subjectAltName = '' }: X509Certificate, commonName: string | string[] | undefined): string[] {
  const uris = subjectAltName.split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
  const gateways = uris.map(gatewayOfUri).filter((gateway) => gateway !== undefined);
  return gateways.length > 0 ? gateways : [commonName ?? []].flat();
}
