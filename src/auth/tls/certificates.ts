import { X509Certificate } from 'node:crypto';
import { HeadgateError } from '../../core/errors.ts';
import { readIfThere } from '../../lib/private-file.ts';
import { ownAuthorityPath, type ServerCertificate } from './server-certificate.ts';

/** What may be told of a certificate. */
export interface CertificateDetails {
  /** `CN=Headgate gateway`; several parts between commas. */
  readonly subject: string;
  readonly issuer: string;
  /** In hex. */
  readonly serialNumber: string;
  /** Host names and IP addresses that it is for. */
  readonly names: readonly string[];
  /** RFC 3339. */
  readonly notBefore: string;
  readonly expiresAt: string;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint: string;
}

export interface ListenerCertificate extends CertificateDetails {
  readonly listener: string;
  /** The gateway made it itself. */
  readonly isOwn: boolean;
}

export interface CertificatesView {
  /** Of the listeners that speak TLS. */
  readonly listeners: readonly ListenerCertificate[];
  /** Who signs certificates of the gateway's own: what a phone or browser has to trust. Null: there is none. */
  readonly authority: CertificateDetails | null;
  /** By which the collector knows this gateway; null: by none. */
  readonly uplink: CertificateDetails | null;
}

export interface CertificatesDependencies {
  readonly listeners: ReadonlyMap<string, ServerCertificate>;
  /** Where those of our own are. */
  readonly directory: string;
  /** PEM; undefined: there is none. @throws when it can't be read */
  readonly uplink: () => string | undefined;
}

/** The certificates of a gateway, as far as they may be shown: no key leaves it. */
export class Certificates {
  readonly #deps: CertificatesDependencies;

  constructor(deps: CertificatesDependencies) {
    this.#deps = deps;
  }

  view(): CertificatesView {
    const { listeners, uplink } = this.#deps;
    const open = [...listeners].flatMap(([listener, { leaf, isOwn }]) =>
      leaf === undefined ? [] : [{ listener, isOwn, ...detailsOf(leaf) }],
    );
    return { listeners: open, authority: detailsIn(this.authority()), uplink: detailsIn(readable(uplink)) };
  }

  /** The certificate of the gateway's own authority, PEM, without its key; undefined: there is none. */
  authority(): string | undefined {
    const text = readIfThere(ownAuthorityPath(this.#deps.directory));
    return text === undefined
      ? undefined
      : /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(text)?.[0];
  }

  /** Makes certificates of the gateway's own anew, under the same authority. @throws {HeadgateError} request.conflict, data.unwritable */
  async renew(): Promise<CertificatesView> {
    const own = [...this.#deps.listeners.values()].filter(({ isOwn, leaf }) => isOwn && leaf !== undefined);
    if (own.length === 0)
      throw new HeadgateError('request.conflict', 'No listener has a certificate that the gateway made itself.');
    // They share it.
    for (const [index, one] of own.entries()) await one.renew(index === 0);
    return this.view();
  }
}

function readable(read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch {
    // What is wrong with it the uplink tells, which can't do without.
    return undefined;
  }
}

function detailsIn(pem: string | undefined): CertificateDetails | null {
  try {
    return pem === undefined ? null : detailsOf(new X509Certificate(pem));
  } catch {
    // It is damaged: whoever uses it says so.
    return null;
  }
}

function detailsOf(one: X509Certificate): CertificateDetails {
  const { subject, issuer, serialNumber, subjectAltName = '', validFrom, validTo, fingerprint256 } = one;
  return {
    subject: subject.replaceAll('\n', ', '),
    issuer: issuer.replaceAll('\n', ', '),
    serialNumber,
    names: subjectAltName === '' ? [] : subjectAltName.split(', ').map((name) => name.replace(/^[A-Za-z ]+:/, '')),
    notBefore: new Date(validFrom).toISOString(),
    expiresAt: new Date(validTo).toISOString(),
    fingerprint: fingerprint256,
  };
}
