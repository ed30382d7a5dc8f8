import type { CertificateStatus } from '../auth/tls/server-certificate.ts';

/** Certificates of listeners, besides that of MQTT, which tells its own. */
export interface TlsStatus {
  /** Null: no TLS is spoken there. */
  readonly tls: { readonly http: CertificateStatus | null; readonly grpc: CertificateStatus | null };
}
