import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { type Failure, failureOf, kindOf } from '../../core/errors.ts';
import type { Log } from '../../lib/log.ts';
import { rpcStatus } from '../../wire/rpc-status.ts';

/** What is told of an error; one that nobody expected goes to the log, and its words stay here. */
export function told(error: unknown, log: Log): Failure {
  const failure = failureOf(error);
  if (failure.code === 'server.failed') log.error({ err: error }, 'A gRPC call failed.');
  return failure;
}

/** The end of a call that failed. */
export function callFailure(error: unknown, log: Log): Partial<ServiceError> {
  const failure = told(error, log);
  const { code, detail, advice, retryAfterSeconds } = failure;
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', rpcStatus(failure));
  metadata.set('headgate-code', code);
  if (retryAfterSeconds !== undefined) metadata.set('retry-after', String(retryAfterSeconds));
  return { code: kindOf(code).grpc[0], details: `${detail} ${advice}`, metadata };
}
