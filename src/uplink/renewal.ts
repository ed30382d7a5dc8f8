import { X509Certificate } from 'node:crypto';
import { messageOf } from '../core/errors.ts';
import type { Clock, UnixMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { RenewResponse } from '../wire/generated/headgate/v1/uplink.ts';
import type { CollectorMessage, Companion, GatewayMessage } from './companion.ts';
import { readEnrolled } from './credentials.ts';
import { keepEnrolled, requestIn } from './enrol.ts';

/** How often it is looked whether a certificate is due, and how long a refusal is not asked again. */
const lookEveryMs = 600_000;

/** When a certificate is to be renewed: at two thirds of its lifetime. */
export function dueAt(certificate: string): UnixMs {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const from = Date.parse(validFrom);
  return from + ((Date.parse(validTo) - from) * 2) / 3;
}

/**
 * Renews the enrolled certificate over the stream, before it expires. The new one is in use from the next connection on, which
 * the changed file brings about.
 */
export class Renewal implements Companion {
  readonly #directory: string;
  readonly #gateway: () => string;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #send: ((message: GatewayMessage) => void) | undefined;

  /** @param directory of the enrolled identity */
  constructor(directory: string, gateway: () => string, clock: Clock, log: Log) {
    this.#directory = directory;
    this.#gateway = gateway;
    this.#clock = clock;
    this.#log = log;
  }

  connected(send: (message: GatewayMessage) => void): void {
    this.#send = send;
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref();
  }

  received(message: CollectorMessage): boolean {
    if (message.$case !== 'renewed') return false;
    this.#renewed(message.value);
    return true;
  }

  ended(): void {
    clearInterval(this.#timer);
    this.#send = undefined;
  }

  async #look(): Promise<void> {
    try {
      const enrolled = readEnrolled(this.#directory);
      if (enrolled === undefined || this.#clock.now() < dueAt(enrolled.certificate)) return;
      const csr = await requestIn(this.#directory, this.#gateway());
      this.#send?.({ $case: 'renew', value: { csr } });
    } catch (error) {
      this.#log.error({ reason: messageOf(error) }, 'The certificate could not be renewed; it is tried again.');
    }
  }

  #renewed({ certificate, ca, reason }: RenewResponse): void {
    if (certificate === '') {
      this.#log.warn({ reason }, 'The collector did not renew the certificate; it is asked again.');
      return;
    }
    try {
      keepEnrolled(this.#directory, { certificate, ca });
      const { validTo } = new X509Certificate(certificate);
      this.#log.info({ until: new Date(validTo).toISOString() }, 'The certificate was renewed.');
    } catch (error) {
      this.#log.error({ reason: messageOf(error) }, 'The new certificate could not be kept; it is asked for again.');
    }
  }
}
