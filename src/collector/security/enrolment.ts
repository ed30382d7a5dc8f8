import { randomBytes } from 'node:crypto';
import { HeadgateError } from '../../core/errors.ts';
import type { Clock, UnixMs } from '../../core/time.ts';
import type { CertificateAuthority, Issued } from '../certificate-authority.ts';
import { keyOf, type StateStore } from '../state-store.ts';
import type { Identity } from './authorise.ts';
import { hashOf } from './evidence.ts';
import type { Identities } from './identities.ts';

const space = 'enrolment';
const dayMs = 86_400_000;
const longestGateway = 200;

/** A one-time token, of which only the hash is kept. */
interface Ticket {
  /** The gateway that may use it; empty: any that is not enrolled yet. */
  readonly gateway: string;
  readonly expiresAt: UnixMs;
  /** Who has used it: that key may do so again, as its answer may have been lost. */
  readonly usedBy?: { readonly gateway: string; readonly keyHash: string };
}

/** What an enrolled gateway gets. */
export interface Enrolment {
  readonly certificate: string;
  readonly ca: string;
}

/** Gives gateways their certificates: the first one for a one-time token, the next ones for the one before. */
export class Enrolments {
  readonly #store: StateStore;
  readonly #identities: Identities;
  readonly #authority: CertificateAuthority;
  readonly #clock: Clock;
  readonly #validMs: number;

  /** @param validMs how long a gateway's certificate is good for */
  constructor(
    store: StateStore,
    identities: Identities,
    authority: CertificateAuthority,
    clock: Clock,
    validMs: number,
  ) {
    this.#store = store;
    this.#identities = identities;
    this.#authority = authority;
    this.#clock = clock;
    this.#validMs = validMs;
  }

  /** @param gateway empty: any that is not enrolled yet @throws HeadgateError `sink.failed` */
  async createToken(gateway: string, validMs: number): Promise<{ readonly token: string; readonly expiresAt: UnixMs }> {
    await this.#forgetExpired();
    const token = randomBytes(32).toString('base64url');
    const ticket: Ticket = { gateway, expiresAt: this.#clock.now() + validMs };
    await this.#store.put(keyOf(space, hashOf(token)), encode(ticket), 0);
    return { token, expiresAt: ticket.expiresAt };
  }

  /**
   * A gateway's first certificate. The token is used up when this resolves, but for the same gateway with the same key.
   *
   * @throws HeadgateError `enrolment.refused`, `request.invalid` or `sink.failed`
   */
  async enrol(token: string, gateway: string, csr: Uint8Array): Promise<Enrolment> {
    if (gateway === '' || gateway.length > longestGateway)
      throw new HeadgateError('request.invalid', `A gateway's name has 1 to ${longestGateway} characters.`);
    const keyHash = await this.#authority.keyHashOf(csr);
    const isNamed = await this.#useUp(token, { gateway, keyHash });
    const issued = await this.#sign(csr, gateway);
    await this.#identities.change(gateway, (identity) => {
      if (!isNamed && isTaken(identity, keyHash)) throw taken(gateway);
      const { tokenHash } = identity ?? {};
      return { keyHash, expiresAt: issued.expiresAt, ...(tokenHash !== undefined && { tokenHash }) };
    });
    return { certificate: issued.certificate, ca: this.#authority.certificate };
  }

  /**
   * The next certificate for the key of the one in use.
   *
   * @throws HeadgateError `enrolment.refused`, `request.invalid` or `sink.failed`
   */
  async renew(gateway: string, csr: Uint8Array): Promise<Enrolment> {
    const keyHash = await this.#authority.keyHashOf(csr);
    const issued = await this.#sign(csr, gateway);
    await this.#identities.change(gateway, (identity) => {
      if (identity?.keyHash !== keyHash || identity.revokedAt !== undefined)
        throw refused(`gateway "${gateway}" is not enrolled with this key`);
      return { ...identity, expiresAt: issued.expiresAt };
    });
    return { certificate: issued.certificate, ca: this.#authority.certificate };
  }

  #sign(csr: Uint8Array, gateway: string): Promise<Issued> {
    return this.#authority.signGateway(csr, gateway, this.#validMs / dayMs);
  }

  /** @returns whether it was made for this very gateway */
  async #useUp(token: string, by: { readonly gateway: string; readonly keyHash: string }): Promise<boolean> {
    const key = keyOf(space, hashOf(token));
    for (;;) {
      const found = await this.#store.get(key);
      if (found === undefined) throw refused('nobody made this token, or it expired long ago');
      const ticket = decode(found.value);
      this.#check(ticket, by);
      if (ticket.gateway === '') {
        const identity = await this.#identities.get(by.gateway);
        if (isTaken(identity, by.keyHash)) throw taken(by.gateway);
      }
      if (ticket.usedBy !== undefined) return ticket.gateway !== '';
      // Somebody else may be faster, with another gateway: then it is looked at again.
      const used = encode({ ...ticket, usedBy: by });
      if ((await this.#store.put(key, used, found.revision)) !== undefined) return ticket.gateway !== '';
    }
  }

  #check({ gateway, expiresAt, usedBy }: Ticket, by: { readonly gateway: string; readonly keyHash: string }): void {
    if (expiresAt < this.#clock.now()) throw refused(`this token expired at ${new Date(expiresAt).toISOString()}`);
    if (gateway !== '' && gateway !== by.gateway)
      throw refused(`this token is for gateway "${gateway}", not for "${by.gateway}"`);
    if (usedBy !== undefined && (usedBy.gateway !== by.gateway || usedBy.keyHash !== by.keyHash))
      throw refused(`this token has been used already, by gateway "${usedBy.gateway}"`);
  }

  async #forgetExpired(): Promise<void> {
    const before = this.#clock.now() - 30 * dayMs;
    for (const { key, value, revision } of await this.#store.list(space)) {
      if (decode(value).expiresAt < before) await this.#store.delete(key, revision);
    }
  }
}

/** Whether a gateway's name is somebody's already, so that only a token for that very name gives it to another key. */
function isTaken(identity: Identity | undefined, keyHash: string): boolean {
  if (identity === undefined) return false;
  return identity.revokedAt !== undefined || (identity.keyHash !== undefined && identity.keyHash !== keyHash);
}

function taken(gateway: string): HeadgateError {
  return refused(`a gateway "${gateway}" is enrolled already, or was revoked: only a token made for it lets it in`);
}

function refused(reason: string): HeadgateError {
  return new HeadgateError('enrolment.refused', `The collector gives out no certificate: ${reason}.`);
}

function encode(ticket: Ticket): Uint8Array {
  return Buffer.from(JSON.stringify(ticket));
}

function decode(value: Uint8Array): Ticket {
  return JSON.parse(Buffer.from(value).toString()) as Ticket;
}
