import {
  type Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HeadgateError, kindOf, messageOf } from '../../core/errors.ts';
import type { Log } from '../../lib/log.ts';
import { isLoopback } from '../../lib/loopback.ts';
import type { WatchCommandRequest, WatchCommandResponse } from '../../wire/generated/headgate/v1/admin.ts';
import type { AdminHandlers } from './handlers.ts';
import { isAdmin } from './token.ts';

/** What the Admin service needs from the collector. */
export interface AdminContext {
  readonly handlers: Partial<AdminHandlers>;
  /** The file with the administrators' token. */
  readonly tokenFile: string;
  /** Whether what comes from this peer can be read by nobody else on its way. */
  readonly isSecure: (peer: string) => boolean;
  readonly log: Log;
}

/** The status that a failed request is answered with. */
export function statusOf(error: unknown): status {
  return error instanceof HeadgateError ? kindOf(error.code).grpc[0] : status.INTERNAL;
}

type Call = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPeer'>;

/** The Admin service's implementation for grpc-js: who may, who does it, and what a failure is answered with. */
export function adminImplementation(context: AdminContext): UntypedServiceImplementation {
  const { handlers } = context;
  const unary =
    <Request, Response>(handle: ((request: Request) => Promise<Response>) | undefined) =>
    (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): void => {
      void attempt(context, call, async () => answer(null, await (handle ?? unimplemented)(call.request))).then(
        (failure) => failure && answer(failure),
      );
    };
  return {
    sendCommand: unary(handlers.sendCommand?.bind(handlers)),
    createEnrolmentToken: unary(handlers.createEnrolmentToken?.bind(handlers)),
    createGatewayToken: unary(handlers.createGatewayToken?.bind(handlers)),
    listGateways: unary(handlers.listGateways?.bind(handlers)),
    revokeGateway: unary(handlers.revokeGateway?.bind(handlers)),
    watchCommand: (call: ServerWritableStream<WatchCommandRequest, WatchCommandResponse>) => {
      const gone = new AbortController();
      call.on('cancelled', () => gone.abort());
      void attempt(context, call, async () => {
        const send = (response: WatchCommandResponse): void => void call.write(response);
        await (handlers.watchCommand?.bind(handlers) ?? unimplemented)(call.request, send, gone.signal);
        call.end();
      }).then((failure) => failure && call.emit('error', failure));
    },
  };
}

async function attempt(
  context: AdminContext,
  call: Call,
  work: () => Promise<void>,
): Promise<Partial<ServiceError> | undefined> {
  try {
    const refusal = refuse(context, call);
    if (refusal !== undefined) return refusal;
    await work();
    return undefined;
  } catch (error) {
    const code = error instanceof Unimplemented ? status.UNIMPLEMENTED : statusOf(error);
    if (code === status.INTERNAL) context.log.error({ err: error }, 'A request of an administrator failed.');
    return { code, details: messageOf(error) };
  }
}

function refuse({ tokenFile, isSecure, log }: AdminContext, call: Call): Partial<ServiceError> | undefined {
  const peer = call.getPeer();
  if (!isSecure(peer)) {
    const details = 'Administrators are only listened to over TLS, or on the machine that the collector runs on.';
    return { code: status.PERMISSION_DENIED, details };
  }
  if (isAdmin(tokenFile, authorizationOf(call.metadata))) return undefined;
  log.warn({ from: peer }, 'A request came with a wrong admin token.');
  return { code: status.UNAUTHENTICATED, details: "That is not the collector's admin token." };
}

/** Whether a peer, as grpc-js names it, is on this machine. */
export function isLocal(peer: string): boolean {
  return isLoopback(peer.replace(/:\d+$/, ''));
}

export function authorizationOf(metadata: Metadata): string | undefined {
  const [value] = metadata.get('authorization');
  return typeof value === 'string' ? value : undefined;
}

class Unimplemented extends Error {}

function unimplemented(): never {
  throw new Unimplemented('This collector does not know this request.');
}
