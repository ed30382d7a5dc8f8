import { Client, type ServiceError, status } from '@grpc/grpc-js';
import { HeadgateError } from '../core/errors.ts';
import { privateFile, writePrivateFile } from '../lib/private-file.ts';
import type { EnrolResponse } from '../wire/generated/headgate/v1/uplink.ts';
import { uplinkService } from '../wire/uplink-service.ts';
import { type Enrolled, identityFiles, serverNameOf } from './credentials.ts';
import { plainReason } from './plain-reason.ts';
import { type TlsMaterial, Transport } from './transport.ts';

export interface EnrolSettings {
  /** The collector, `https://HOST:PORT`. */
  readonly url: string;
  readonly token: string;
  readonly gateway: string;
  /** Where the identity is kept. */
  readonly directory: string;
  /** Whom to trust: an authority, PEM, or a fingerprint; neither: the authorities that Node knows. */
  readonly trust: Pick<TlsMaterial, 'ca' | 'fingerprint'>;
  readonly serverName?: string;
  /** How long the answer may take, in milliseconds. Default 10 s. */
  readonly deadlineMs?: number;
}

/**
 * Trades a one-time token for a certificate. May be stopped at any point and done again with the same token: the key is kept
 * before it is asked for, and the collector gives the same key its certificate again.
 *
 * @throws HeadgateError `enrolment.refused` when the collector says no; `collector.unreachable` when there is none to be had;
 *   `data.unwritable`
 */
export async function enrol(settings: EnrolSettings): Promise<Enrolled> {
  const { url, token, gateway, directory, trust, serverName } = settings;
  const csr = await requestIn(directory, gateway);
  const transport = new Transport({ ...trust, serverName: serverNameOf(url, serverName) });
  const client = new Client(new URL(url).host, transport, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
  try {
    const answer = await ask(client, { token, gateway, csr }, settings.deadlineMs ?? 10_000).catch(
      (error: ServiceError) => {
        throw explained(error, url, transport.failure?.reason);
      },
    );
    return keepEnrolled(directory, answer);
  } finally {
    client.close();
  }
}

/** Keeps a certificate and its authority, both or none. @throws HeadgateError `data.unwritable` */
export function keepEnrolled(directory: string, { certificate, ca }: Enrolled): Enrolled {
  const enrolled: Enrolled = { certificate, ca };
  writePrivateFile(identityFiles(directory).enrolled, `${JSON.stringify(enrolled)}\n`, "The gateway's certificate");
  return enrolled;
}

/** A certification request for the gateway's key, which is made at first need. @throws HeadgateError `data.*` */
export async function requestIn(directory: string, gateway: string): Promise<Uint8Array> {
  // The library for certificates takes 20 MB: it is loaded for these moments only.
  const { makeKey, requestFor } = await import('./certification-request.ts');
  const { key: path } = identityFiles(directory);
  const key = await privateFile(path, "The gateway's key", makeKey);
  return await requestFor(key, gateway, path);
}

function ask(
  client: Client,
  request: { readonly token: string; readonly gateway: string; readonly csr: Uint8Array },
  deadlineMs: number,
): Promise<EnrolResponse> {
  const { path, requestSerialize, responseDeserialize } = uplinkService.enrol;
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + deadlineMs;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, { deadline }, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(answer!);
    });
  });
}

function explained({ code, details }: ServiceError, url: string, failure: string | undefined): HeadgateError {
  const isAnswer = code === status.PERMISSION_DENIED || code === status.INVALID_ARGUMENT;
  if (failure === undefined && isAnswer) return new HeadgateError('enrolment.refused', details);
  if (code === status.FAILED_PRECONDITION || code === status.UNIMPLEMENTED)
    return new HeadgateError('collector.refused', `${url}: ${details}`);
  return new HeadgateError('collector.unreachable', `No enrolment at ${url}: ${failure ?? plainReason(details)}.`);
}
