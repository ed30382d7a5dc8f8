import { Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { adminService } from '../wire/admin-service.ts';
import { uplinkService } from '../wire/uplink-service.ts';
import { type AdminContext, adminImplementation } from './admin/service.ts';
import { type Listener, listen } from './listen.ts';
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
 * Serves the Uplink and the Admin service on an address, in plaintext.
 *
 * @param onStream told of every stream before anything is read from it
 * @throws HeadgateError `port.*` or `address.*`
 */
export async function serve(
  host: string,
  port: number,
  context: StreamContext,
  onStream: (stream: GatewayStream) => void,
  admin: AdminContext,
): Promise<GrpcServer> {
  const server = new Server({
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_receive_message_length': maxMessageBytes,
    // A gateway needs one; a few more for one that reconnects in a hurry.
    'grpc.max_concurrent_streams': 16,
    // A connection without a stream says nothing for ever.
    'grpc.max_connection_idle_ms': 60_000,
    'grpc.enable_channelz': 0,
  });
  const connect = (call: ServerDuplexStream<Buffer, Uint8Array>) => {
    const stream = new GatewayStream(call, context);
    onStream(stream);
    stream.open();
  };
  server.addService(uplinkService, { connect });
  server.addService(adminService, adminImplementation(admin));
  // A window of HTTP/2 as large as ours, so that it is ours that rules.
  const listener: Listener = await listen(server, host, port, Math.max(context.limits.windowBytes, 1 << 20));
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
