import { X509Certificate } from 'node:crypto';
import type { UnixMs } from '../core/time.ts';
import { readSecret, secretPath, stampOf } from '../lib/secret-file.ts';
import { identityFiles, readEnrolled } from './credentials.ts';
import type { UplinkOptions } from './options.ts';

/** The end of the certificate that the gateway shows its collector, read anew when its file is another one. */
export class OwnCertificate {
  readonly #configured: string | undefined;
  readonly #directory: string;
  #stamp = '';
  #expiresAtMs: UnixMs | undefined;

  /** @param directory of the enrolled identity */
  constructor({ tls }: Pick<UplinkOptions, 'tls'>, directory: string) {
    this.#configured = tls.certificate;
    this.#directory = directory;
  }

  /** Undefined: there is none, or it can't be read; the uplink tells of that. */
  get expiresAtMs(): UnixMs | undefined {
    try {
      const configured = this.#configured;
      const path =
        configured === undefined
          ? identityFiles(this.#directory).enrolled
          : secretPath(configured, 'uplink.tls.certificate');
      const stamp = stampOf(path);
      if (stamp === this.#stamp) return this.#expiresAtMs;
      this.#stamp = stamp;
      this.#expiresAtMs = undefined;
      const pem =
        configured === undefined
          ? readEnrolled(this.#directory)?.certificate
          : readSecret(configured, 'uplink.tls.certificate');
      if (pem !== undefined) this.#expiresAtMs = Date.parse(new X509Certificate(pem).validTo);
    } catch {
      // The uplink says what is wrong with it when it connects.
    }
    return this.#expiresAtMs;
  }
}
