import { Server, type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { messageOf } from '../core/errors.ts';
import { adminService } from '../wire/admin-service.ts';
import type { EnrolRequest, EnrolResponse } from '../wire/generated/headgate/v1/uplink.ts';
import { uplinkService } from '../wire/uplink-service.ts';
import { type AdminContext, adminImplementation, authorizationOf, isLocal, statusOf } from './admin/service.ts';
import { type Listener, listen } from './listen.ts';
import type { Security } from './security/security.ts';
import { GatewayStream, type StreamContext } from './stream.ts';

/** A message is one upload: some batches and their headers, with much room to spare. */
const maxMessageBytes = 16 << 20;

/** The gRPC side of a running collector. */
export interface GrpcServer {
  /** `HOST:PORT`, with the real port. */
  readonly address: string;
  /** Takes no more connections; resolves when those that there are have ended. */
  close(): Promise<void>;
  /** Lets connections end once they have no more streams. */
  dismiss(): void;
  /** Cuts what is left. */
  destroy(): void;
}

/**
 * Serves the Uplink and the Admin service on an address.
 *
 * @param onStream told of every stream before anything is read from it
 * @throws HeadgateError `port.*` or `address.*`
 */
export async function serve(
  host: string,
  port: number,
  context: StreamContext,
  onStream: (stream: GatewayStream) => void,
  admin: Omit<AdminContext, 'isSecure'>,
  security: Security,
): Promise<GrpcServer> {
  const server = new Server({
    // No keepalive: it would be the same for all, and wake links that are metered. See silence.ts.
    'grpc.max_receive_message_length': maxMessageBytes,
    // A gateway needs one; a few more for one that reconnects in a hurry.
    'grpc.max_concurrent_streams': 16,
    // A connection without a stream says nothing for ever.
    'grpc.max_connection_idle_ms': 60_000,
    'grpc.enable_channelz': 0,
  });
  const connect = (call: ServerDuplexStream<Buffer, Uint8Array>) => {
    const evidence = security.evidence(authorizationOf(call.metadata), listener.tlsOf(call.getPeer()));
    const stream = new GatewayStream(call, evidence, context);
    onStream(stream);
    stream.open();
  };
  const enrol = (call: ServerUnaryCall<EnrolRequest, EnrolResponse>, answer: sendUnaryData<EnrolResponse>) => {
    security.enrol(call.request, call.getPeer()).then(
      (enrolment) => answer(null, enrolment),
      (error: unknown) => answer({ code: statusOf(error), details: messageOf(error) }),
    );
  };
  const isSecure = (peer: string): boolean => isLocal(peer) || listener.tlsOf(peer) !== undefined;
  server.addService(uplinkService, { connect, enrol });
  server.addService(adminService, adminImplementation({ ...admin, isSecure }));
  // A window of HTTP/2 as large as ours, so that it is ours that rules.
  const windowBytes = Math.max(context.limits.windowBytes, 1 << 20);
  const listener: Listener = await listen(server, host, port, windowBytes, security.gate);
  return {
    address: listener.address,
    close: () => listener.close(),
    // Its callback comes too early (grpc-js 1.14 on Node 24): `close` knows from the sockets.
    dismiss: () => server.tryShutdown(() => {}),
    destroy: () => {
      server.forceShutdown();
      listener.destroy();
    },
  };
}
