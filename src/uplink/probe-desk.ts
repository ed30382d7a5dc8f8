import { X509Certificate } from 'node:crypto';
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
   * Does what can be done at once to use a collector: enrols where there is a token for that, keeps its authority.
   *
   * @returns what is to be set in the configuration
   * @throws {HeadgateError} request.invalid; enrolment.refused; request.conflict when the collector can't be reached or says no; data.unwritable
   */
  async prepare(wish: ProbeWish): Promise<{ readonly isEnrolled: boolean; readonly settings: object }> {
    const { gateway, directory } = this.#deps;
    const { token, enrolToken, ca, fingerprint, serverName } = wish;
    const url = originOf(wish.url);
    if (ca !== undefined) checkCertificate(ca);
    if (enrolToken !== undefined && !url.startsWith('https:'))
      throw invalid('A gateway enrols over TLS: use an address that begins with https://.');
    // What would not be dialled is not to be set.
    this.#presented(url, wish);
    const tls: Record<string, string> = serverName === undefined ? {} : { serverName };
    if (enrolToken !== undefined) {
      const trust = ca === undefined ? fingerprint && { fingerprint } : { ca };
      const named = serverName === undefined ? {} : { serverName };
      await enrol({ url, token: enrolToken, gateway: gateway(), directory, trust: trust || {}, ...named }).catch(
        (error) => {
          if (error instanceof HeadgateError && error.code.startsWith('collector.'))
            throw new HeadgateError('request.conflict', error.message, { cause: error });
          throw error;
        },
      );
    } else if (ca !== undefined) {
      tls.ca = join(directory, 'collector-ca.pem');
      writePrivateFile(tls.ca, ca, "The collector's authority");
    }
    const uplink = { url: [url], ...(token && { token }), ...(Object.keys(tls).length > 0 && { tls }) };
    return { isEnrolled: enrolToken !== undefined, settings: { uplink } };
  }

  #presented(url: string, { token, enrolToken, ca, fingerprint, serverName }: ProbeWish): Presented {
    const { options, directory } = this.#deps;
    // The token of a collector is for that collector.
    const isKnown = options.url?.some((one) => originOf(one) === url) ?? false;
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

function invalid(sentence: string): HeadgateError {
  return new HeadgateError('request.invalid', sentence);
}
