import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { UnixMs } from '../core/time.ts';
import { writePrivateFile } from '../lib/private-file.ts';
import { Credentials, type Presented, serverNameOf } from './credentials.ts';
import { enrol } from './enrol.ts';
import { shownUrl, urlFault } from './option-checks.ts';
import type { UplinkOptions } from './options.ts';
import { probe } from './probe.ts';
import type { ProbeReport } from './probe-report.ts';

/** What somebody wants to try out. */
export interface ProbeWish {
  /** `https://HOST:PORT` or `http://HOST:PORT`. */
  readonly url: string;
  /** The gateway's bearer token there. */
  readonly token?: string;
  /** With which it is to enrol: it is not used up. */
  readonly enrolToken?: string;
  /** Certificate of the authority that signed the collector, PEM; or a fingerprint in its place. */
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly serverName?: string;
}

export interface ProbeDeskDependencies {
  readonly options: UplinkOptions;
  /** Where the enrolled identity is. */
  readonly directory: string;
  readonly gateway: () => string;
  readonly agent: string;
  readonly now: () => UnixMs;
}

/** What it takes to use a collector. */
export interface UplinkPlan {
  readonly isEnrolled: boolean;
  /** As they stand in the configuration; null: what was set there is taken back. */
  readonly settings: { readonly uplink: Readonly<Record<string, unknown>> };
  /**
   * Enrols where there is a token for that, or keeps the authority.
   *
   * @throws {HeadgateError} enrolment.refused; request.conflict when the collector can't be reached or says no; data.unwritable
   */
  readonly carryOut: () => Promise<void>;
}

/** Where a collector is tried out before the gateway is told to use it. One at a time. */
export class ProbeDesk {
  readonly #deps: ProbeDeskDependencies;
  #isBusy = false;

  constructor(deps: ProbeDeskDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} request.invalid; overload.shed while another is tried */
  async test(wish: ProbeWish): Promise<ProbeReport> {
    const { gateway, agent, now } = this.#deps;
    const url = originOf(wish.url);
    if (wish.ca !== undefined) checkCertificate(wish.ca);
    const presented = this.#presented(url, wish);
    if (this.#isBusy) throw new HeadgateError('overload.shed', 'Another connection is being tried out.');
    this.#isBusy = true;
    try {
      return await probe({
        ...{ url, presented, agent, now },
        gateway: wish.enrolToken === undefined ? gateway() : undefined,
      });
    } catch (error) {
      // Certificates that are none.
      if (error instanceof HeadgateError && error.code === 'config.invalid') throw invalid(error.message);
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * What it takes to use a collector: what is to be set in the configuration, and what is to be done before. Changes nothing.
   *
   * @throws {HeadgateError} request.invalid
   */
  plan(wish: ProbeWish): UplinkPlan {
    const { directory } = this.#deps;
    const { token, enrolToken, ca, serverName } = wish;
    const url = originOf(wish.url);
    if (ca !== undefined) checkCertificate(ca);
    if (enrolToken !== undefined && !url.startsWith('https:'))
      throw invalid('A gateway enrols over TLS: use an address that begins with https://.');
    // What would not be dialled is not to be set.
    this.#presented(url, wish);
    const tls: Record<string, string> = serverName === undefined ? {} : { serverName };
    // By its content: the uplink that runs may be about to read the one of before.
    const file = ca === undefined ? undefined : join(directory, `collector-ca-${digestOf(ca)}.pem`);
    if (file !== undefined && enrolToken === undefined) tls.ca = file;
    // Nobody is shown the token of another collector.
    const shown = token === undefined && !this.#isKnown(url) ? { token: null, tokenFile: null } : token && { token };
    const uplink = { url: [url], ...shown, ...(Object.keys(tls).length > 0 && { tls }) };
    const carryOut = async (): Promise<void> => {
      if (enrolToken !== undefined) await this.#enrol(url, enrolToken, wish);
      else if (file !== undefined) writePrivateFile(file, ca!, "The collector's authority");
    };
    return { isEnrolled: enrolToken !== undefined, settings: { uplink }, carryOut };
  }

  async #enrol(url: string, token: string, { ca, fingerprint, serverName }: ProbeWish): Promise<void> {
    const { gateway, directory } = this.#deps;
    const trust = ca === undefined ? (fingerprint === undefined ? {} : { fingerprint }) : { ca };
    const named = serverName === undefined ? {} : { serverName };
    await enrol({ url, token, gateway: gateway(), directory, trust, ...named }).catch((error) => {
      if (error instanceof HeadgateError && error.code.startsWith('collector.'))
        throw new HeadgateError('request.conflict', error.message, { cause: error });
      throw error;
    });
  }

  /** Whether it is the collector that the gateway's token is for: one that was given before any address is for the first one. */
  #isKnown(url: string): boolean {
    return this.#deps.options.url?.some((one) => originOf(one) === url) ?? true;
  }

  #presented(url: string, { token, enrolToken, ca, fingerprint, serverName }: ProbeWish): Presented {
    const { options, directory } = this.#deps;
    // The token of a collector is for that collector.
    const isKnown = this.#isKnown(url);
    const { tls: configured, token: own, tokenFile } = options;
    const tls = { ...configured, ...(serverName !== undefined && { serverName }) };
    const withToken =
      token !== undefined
        ? { tls, token }
        : { tls, ...(isKnown && { ...(own && { token: own }), ...(tokenFile && { tokenFile }) }) };
    const trust = { ...(ca !== undefined && { ca }), ...(fingerprint !== undefined && { fingerprint }) };
    try {
      // Whoever enrols has nothing to show yet.
      if (enrolToken !== undefined && url.startsWith('https:'))
        return { tls: { ...trust, serverName: serverNameOf(url, tls.serverName) } };
      const found = new Credentials(withToken, directory).load(url);
      return found.tls === undefined ? found : { ...found, tls: { ...found.tls, ...trust } };
    } catch (error) {
      throw error instanceof HeadgateError ? invalid(messageOf(error)) : error;
    }
  }
}

/** @throws {HeadgateError} request.invalid */
function originOf(text: string): string {
  const fault = urlFault(text);
  if (fault !== undefined) throw invalid(`\`url\` is ${shownUrl(text)}, ${fault}`);
  return new URL(text).origin;
}

/** @throws {HeadgateError} request.invalid */
function checkCertificate(text: string): void {
  try {
    new X509Certificate(text);
  } catch (error) {
    throw invalid(`\`ca\` is no certificate in PEM (${messageOf(error)}).`);
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function invalid(sentence: string): HeadgateError {
  return new HeadgateError('request.invalid', sentence);
}
