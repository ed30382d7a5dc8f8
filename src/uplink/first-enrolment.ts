import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import { readSecret } from '../lib/secret-file.ts';
import type { Ending } from './connection.ts';
import { readEnrolled } from './credentials.ts';
import { enrol } from './enrol.ts';
import type { UplinkOptions } from './options.ts';

/**
 * Enrols with the token that the configuration holds, unless the gateway is enrolled. Asked before each dial, until it has
 * worked.
 *
 * @returns why it did not work; undefined when there is nothing to do, or it is done
 */
export async function enrolOnce(
  options: Pick<UplinkOptions, 'enrol' | 'tls'>,
  url: string,
  gateway: string,
  directory: string,
  log: Log,
): Promise<Ending | undefined> {
  try {
    if (!url.startsWith('https:') || readEnrolled(directory) !== undefined) return undefined;
    const { token: given, tokenFile, fingerprint } = options.enrol;
    const token = tokenFile === undefined ? given : readSecret(tokenFile, 'uplink.enrol.tokenFile').trim();
    if (token === undefined || token === '') return undefined;
    const { ca, serverName } = options.tls;
    await enrol({
      url,
      token,
      gateway,
      directory,
      trust: {
        ...(ca !== undefined && { ca: readSecret(ca, 'uplink.tls.ca') }),
        ...(ca === undefined && fingerprint !== undefined && { fingerprint }),
      },
      ...(serverName !== undefined && { serverName }),
    });
    log.info({ url, gateway }, 'The gateway is enrolled.');
    return undefined;
  } catch (error) {
    const isFinal = error instanceof HeadgateError && error.code !== 'collector.unreachable';
    return { kind: isFinal ? 'rejected' : 'lost', reason: messageOf(error) };
  }
}
