import type { CertificateStatus } from '../../auth/tls/server-certificate.ts';

/** Counts since this process started, but for `connections`. */
export interface MqttStatus {
  /** Where it listens: `127.0.0.1:1883`. */
  readonly address: string;
  /** Where it listens by TLS, and its certificate; null: nowhere. */
  readonly tls: (CertificateStatus & { readonly address: string }) | null;
  /** Clients connected now. */
  readonly connections: number;
  readonly connectionsTotal: number;
  /** Connections refused or ended by us, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Deliveries to subscribers that were left out, by reason. Records are not affected. */
  readonly skippedDeliveries: Readonly<Record<string, number>>;
  /** QoS 1 and 2 messages that came again (DUP) and were not taken in again. */
  readonly duplicates: number;
}
