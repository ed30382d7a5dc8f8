import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { HeadgateError, messageOf } from '../../core/errors.ts';
import type { Clock, MonotonicMs } from '../../core/time.ts';
import type { Log } from '../../lib/log.ts';
import { isLoopback } from '../../lib/loopback.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { EnrolRequest, EnrolResponse } from '../../wire/generated/headgate/v1/uplink.ts';
import type { AdminHandlers } from '../admin/handlers.ts';
import type { Companion, GatewayMessage, Line } from '../companion.ts';
import type { CollectorSettings } from '../options.ts';
import { ownFile } from '../own-file.ts';
import type { StateStore } from '../state-store.ts';
import { authorise, type Evidence, type Verdict } from './authorise.ts';
import { Enrolments } from './enrolment.ts';
import { evidenceOf } from './evidence.ts';
import { identityHandlers } from './handlers.ts';
import { Identities } from './identities.ts';
import type { TlsGate } from './tls-gate.ts';

const usualGatewayValidMs = 90 * 86_400_000;
const quietMs = 3_600_000;

/** TLS as it is when a collector has it. */
interface Tls {
  readonly gate: TlsGate;
  /** The collector's own authority, PEM. */
  readonly authority: string;
  readonly enrolments: Enrolments;
}

/** Who may speak to a collector, and by what it is known: TLS, identities, enrolment. */
export class Security implements Companion {
  readonly #options: CollectorSettings;
  readonly #identities: Identities;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tls: Tls | undefined;
  readonly #told = new RecentMap<string, { readonly reason: string; readonly at: MonotonicMs }>(1_000);

  private constructor(
    options: CollectorSettings,
    identities: Identities,
    clock: Clock,
    log: Log,
    tls: Tls | undefined,
  ) {
    this.#options = options;
    this.#identities = identities;
    this.#clock = clock;
    this.#log = log;
    this.#tls = tls;
  }

  /** @throws HeadgateError `data.*` when the authority can't be had */
  static async open(options: CollectorSettings, store: StateStore, clock: Clock, log: Log): Promise<Security> {
    const identities = new Identities(store);
    const { tls, host } = options;
    if (tls === undefined || !tls.enabled) {
      if (!isLoopback(host) && host !== 'localhost') {
        log.warn(
          { host },
          'The collector listens beyond this machine without TLS: whoever is on the way can read and forge records. Set `collector.tls.enabled`.',
        );
      }
      return new Security(options, identities, clock, log, undefined);
    }
    // Its library takes some MB, which a collector without TLS has no use for.
    const [{ CertificateAuthority }, { TlsGate }] = await Promise.all([
      import('../certificate-authority.ts'),
      import('./tls-gate.ts'),
    ]);
    const authority = await CertificateAuthority.open(ownFile(options, 'authority.pem'), clock);
    const gate = new TlsGate({ options: tls, host, authority, clock, log });
    const validMs = tls.gatewayValid ?? usualGatewayValidMs;
    const enrolments = new Enrolments(store, identities, authority, clock, validMs);
    return new Security(options, identities, clock, log, { gate, authority: authority.certificate, enrolments });
  }

  /** What stands before the gRPC server; undefined in plaintext. */
  get gate(): TlsGate | undefined {
    return this.#tls?.gate;
  }

  evidence(authorization: string | undefined, socket: TLSSocket | undefined): Evidence {
    return evidenceOf(authorization, socket, this.#tls?.authority);
  }

  /** Whether who shows this may speak for a gateway. @throws HeadgateError `sink.failed` */
  async authorise(gateway: string, evidence: Evidence, from: string): Promise<Verdict> {
    const mustShow = this.#tls !== undefined && this.#options.tls?.clients !== 'optional';
    const verdict = authorise(gateway, evidence, await this.#identities.get(gateway), mustShow);
    if (verdict.name === 'refused') this.#tell(gateway, verdict.reason, from);
    return verdict;
  }

  /** A gateway that is not let in asks again and again: that is said once in a while, and when the reason changes. */
  #tell(gateway: string, reason: string, from: string): void {
    const now = this.#clock.monotonic();
    const told = this.#told.get(gateway);
    if (told?.reason === reason && now - told.at < quietMs) return;
    this.#told.set(gateway, { reason, at: now });
    this.#log.warn({ gateway, from, reason }, 'A gateway was not let in.');
  }

  /** @throws HeadgateError `enrolment.refused`, `request.invalid` or `sink.failed` */
  async enrol({ token, gateway, csr }: EnrolRequest, from: string): Promise<EnrolResponse> {
    try {
      const enrolment = await this.enrolments.enrol(token, gateway, csr);
      this.#log.info({ gateway, from }, 'A gateway enrolled.');
      return enrolment;
    } catch (error) {
      this.#log.warn({ gateway, from, reason: messageOf(error) }, 'A gateway could not enrol.');
      throw error;
    }
  }

  /** @throws HeadgateError `request.conflict` without TLS */
  get enrolments(): Enrolments {
    if (this.#tls !== undefined) return this.#tls.enrolments;
    throw new HeadgateError(
      'request.conflict',
      'This collector speaks no TLS, so certificates are of no use: set `collector.tls.enabled` first.',
    );
  }

  /** What administrators may ask for. @param isConnected whether a gateway is connected here */
  handlers(store: StateStore, isConnected: (gateway: string) => boolean): Partial<AdminHandlers> {
    const authority = this.#tls?.authority;
    const hasOwnCertificate = this.#options.tls?.certificate === undefined;
    return identityHandlers({
      store,
      identities: this.#identities,
      clock: this.#clock,
      log: this.#log,
      isConnected,
      enrolments: () => this.enrolments,
      fingerprint: authority === undefined || !hasOwnCertificate ? '' : new X509Certificate(authority).fingerprint256,
    });
  }

  /** Tells of gateways that are not let in any more. @returns how to stop */
  watch(onRevoked: (gateway: string, verdict: Verdict & { readonly name: 'refused' }) => void): () => void {
    return this.#identities.watch((gateway, identity) => {
      if (identity?.revokedAt === undefined) return;
      const verdict = authorise(gateway, { name: 'none' }, identity, true);
      if (verdict.name === 'refused') onRevoked(gateway, verdict);
    });
  }

  received(line: Line, message: GatewayMessage): boolean {
    if (message.$case !== 'renew') return false;
    void this.#renew(line, message.value.csr);
    return true;
  }

  async #renew({ peer: { gateway }, send }: Line, csr: Uint8Array): Promise<void> {
    try {
      const renewed = await this.enrolments.renew(gateway, csr);
      send({ $case: 'renewed', value: { ...renewed, reason: '' } });
      this.#log.info({ gateway }, 'A gateway has a new certificate.');
    } catch (error) {
      const reason = messageOf(error);
      send({ $case: 'renewed', value: { certificate: '', ca: '', reason } });
      this.#log.warn({ gateway, reason }, 'A gateway’s certificate could not be renewed.');
    }
  }
}
