import type { PeerCertificate } from 'node:tls';
import type { UnixMs } from '../core/time.ts';
import { earliestPlausibleMs } from '../core/time.ts';
import type { Ending } from './connection.ts';

/** Whom the gateway meant to speak to. */
export interface Expectation {
  /** The name that the certificate has to be good for. */
  readonly serverName: string;
  /** The address that was dialled. */
  readonly where: string;
}

type Certificate = Pick<PeerCertificate, 'valid_from' | 'valid_to' | 'subjectaltname' | 'issuer' | 'fingerprint256'>;

/**
 * Why a certificate was not accepted, and the way out. `rejected` is what only people can change; an unset clock may be set
 * at any moment.
 *
 * @param code of OpenSSL's verification or Node's check of the name
 */
export function explainVerification(
  code: string,
  certificate: Certificate,
  { serverName }: Expectation,
  now: UnixMs,
): Ending {
  const rejected = (reason: string): Ending => ({ kind: 'rejected', reason });
  const clock = new Date(now).toISOString().slice(0, 19);
  switch (code) {
    case 'CERT_NOT_YET_VALID': {
      const from = dayOf(certificate.valid_from);
      if (now < earliestPlausibleMs) {
        return {
          kind: 'lost',
          reason:
            `the collector's certificate is not valid before ${from} and this machine's clock says ${clock}: ` +
            'the clock is not set. Records are kept; let it learn the time by NTP, or open this gateway’s page in a browser',
        };
      }
      return rejected(
        `the collector's certificate is not valid before ${from} and this machine's clock says ${clock}: ` +
          'one of the two is wrong. Records are kept; check the clock, or give the collector another certificate',
      );
    }
    case 'CERT_HAS_EXPIRED':
      return rejected(
        `the collector's certificate expired on ${dayOf(certificate.valid_to)} and this machine's clock says ${clock}: ` +
          'give the collector a new certificate, or check the clock. Records are kept',
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return rejected(
        `the collector's certificate is not for "${serverName}" but for ${namesIn(certificate)}: ` +
          'dial it by one of its names, or say which one is right with `uplink.tls.serverName`',
      );
    case 'FINGERPRINT_MISMATCH':
      return rejected(
        `the collector's certificate has another fingerprint than the one that was asked for (${certificate.fingerprint256}): ` +
          'this may be another server',
      );
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return rejected(
        `the collector's certificate is signed by "${issuerOf(certificate)}", which this gateway does not trust (${code}): ` +
          "name the authority's certificate with `uplink.tls.ca`",
      );
    default:
      return rejected(`the collector's certificate was not accepted (${code})`);
  }
}

/** Why a handshake broke off before there was a certificate to look at. @param error undefined: the other end closed */
export function explainHandshake(error: Error | undefined, { where }: Expectation): Ending {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const message = error?.message ?? '';
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE|INVALID_RECORD/.test(code)) {
    return {
      kind: 'rejected',
      reason: `what listens at ${where} speaks no TLS: its address begins with http://, or TLS has to be configured there`,
    };
  }
  if (/NO_APPLICATION_PROTOCOL/.test(code)) return noHttp2({ where });
  if (
    /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|UNSUPPORTED_CERT|ACCESS_DENIED)|CERTIFICATE_REQUIRED/.test(code)
  ) {
    return { kind: 'rejected', reason: `the collector does not accept this gateway's certificate (${code})` };
  }
  if (/^ERR_(?:SSL|OSSL)/.test(code)) return { kind: 'rejected', reason: `TLS failed (${code}): ${message}` };
  if (error === undefined || code === 'ECONNRESET')
    return { kind: 'lost', reason: `${where} broke the connection off during the TLS handshake` };
  return { kind: 'lost', reason: message };
}

/** The other end speaks TLS, and not what a collector speaks over it. */
export function noHttp2({ where }: Pick<Expectation, 'where'>): Ending {
  return {
    kind: 'rejected',
    reason: `what listens at ${where} does not speak HTTP/2, so it is no collector: check \`uplink.url\``,
  };
}

function dayOf(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : new Date(time).toISOString().slice(0, 10);
}

function namesIn({ subjectaltname }: Certificate): string {
  return subjectaltname?.replaceAll(/(?:DNS|IP Address):/g, '') || 'no name at all';
}

function issuerOf({ issuer }: Certificate): string {
  const { CN, O } = issuer ?? {};
  return [CN ?? O ?? 'an unknown authority'].flat().join(' ');
}
