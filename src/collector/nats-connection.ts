import { readFileSync } from 'node:fs';
import { JetStreamApiError } from '@nats-io/jetstream';
import { connect, credsAuthenticator, errors, type NatsConnection } from '@nats-io/transport-node';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { type NatsAddress, natsText } from './nats-address.ts';

/** Which files say who we are, and whom we trust. Paths; all may be missing. */
export interface NatsIdentity {
  /** A `.creds` file, as `nsc` makes them. */
  readonly credentials?: string | undefined;
  /** Certificates of the authorities that may have signed the server's. Without it: those of the system. */
  readonly ca?: string | undefined;
  /** Our own certificate and its key, when the server asks for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface NatsConnectOptions {
  readonly identity?: NatsIdentity | undefined;
  /** How the connection is called in the server's own lists. */
  readonly name: string;
  /**
   * Whether a connection that was lost is made anew, with what had not been written yet. Without it the connection ends
   * then, and what it was asked is never sent later.
   */
  readonly reconnect: boolean;
}

const connectTimeoutMs = 5_000;
/** Between two attempts, and up to as much again. */
const reconnectMs = 250;
/** After two of these without an answer a connection counts as lost. */
const pingIntervalMs = 10_000;

/** @throws HeadgateError `config.invalid` when a file can't be read; `sink.failed` when no server answers, or refuses us */
export async function connectNats(address: NatsAddress, options: NatsConnectOptions): Promise<NatsConnection> {
  const { identity = {}, name, reconnect } = options;
  const { servers, user, password, token } = address;
  const credentials = identity.credentials === undefined ? undefined : read(identity.credentials);
  const isTls = address.isEncrypted || identity.ca !== undefined || identity.cert !== undefined;
  const { ca, cert, key } = identity;
  try {
    return await connect({
      servers: [...servers],
      name,
      ...(user === undefined ? {} : { user, pass: password ?? '' }),
      ...(token === undefined ? {} : { token }),
      ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(credentials) }),
      ...(isTls
        ? { tls: { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) } }
        : {}),
      reconnect,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectMs,
      reconnectJitter: reconnectMs,
      reconnectJitterTLS: reconnectMs,
      timeout: connectTimeoutMs,
      pingInterval: pingIntervalMs,
      maxPingOut: 2,
    });
  } catch (error) {
    throw natsError(address, error);
  }
}

/** What went wrong with NATS, as a sentence: which server, what it said. */
export function natsError(address: NatsAddress, error: unknown): HeadgateError {
  if (error instanceof HeadgateError) return error;
  return new HeadgateError('sink.failed', `NATS at ${natsText(address)} ${reasonOf(error)}.`, { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof JetStreamApiError) return `refused: ${error.message} (${error.code})`;
  if (error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError) {
    return `does not let us in: ${error.message}`;
  }
  if (error instanceof errors.PermissionViolationError) return `does not allow it: ${error.message}`;
  if (error instanceof errors.TimeoutError) return 'gave no answer in time';
  if (error instanceof errors.NoRespondersError || (error instanceof errors.RequestError && error.isNoResponders())) {
    return 'has no JetStream that answers: start it with `-js`, and see that the stream has a leader';
  }
  if (error instanceof errors.ClosedConnectionError) return 'has closed the connection';
  return `can't be used: ${messageOf(error).replace(/\.$/, '')}`;
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new HeadgateError('config.invalid', `The credentials for NATS can't be read: ${messageOf(cause)}.`, {
      cause,
    });
  }
}
