import type { Server } from 'node:net';
import { type ErrorCode, HeadgateError, messageOf } from '../core/errors.ts';

const reasons: Readonly<Record<string, { readonly code: ErrorCode; readonly say: string }>> = {
  EADDRINUSE: { code: 'port.taken', say: 'another program listens there' },
  EACCES: { code: 'port.forbidden', say: 'this user may not bind that port' },
  EADDRNOTAVAIL: { code: 'address.unavailable', say: 'this machine has no such address' },
  ENOTFOUND: { code: 'address.unavailable', say: 'that host name is unknown' },
  EAI_AGAIN: { code: 'address.unavailable', say: 'that host name could not be looked up' },
};

/**
 * What to throw when a server could not listen: one sentence that names the server, its address and the reason.
 *
 * @param error what `listen` failed with
 * @param what the server in a reader's words: `the MQTT server`, `the collector`, …
 * @param address `HOST:PORT`, as configured
 */
export function listenError(error: unknown, what: string, address: string): HeadgateError {
  const reason = reasons[codeOf(error)];
  if (reason)
    return new HeadgateError(reason.code, `${what} can't listen on ${address}: ${reason.say}.`, { cause: error });
  return new HeadgateError('startup.failed', `${what} can't listen on ${address}: ${messageOf(error)}.`, {
    cause: error,
  });
}

/** Where a server listens, as `HOST:PORT`; empty when it does not. */
export function boundTo(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return '';
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

/** The port that a server listens on; undefined when it does not. */
export function portOf(server: Server): number | undefined {
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? undefined : bound.port;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
