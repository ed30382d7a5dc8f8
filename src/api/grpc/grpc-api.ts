import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import type { CertificateStatus, ServerCertificate } from '../../auth/tls/server-certificate.ts';
import { isLoopback } from '../../lib/loopback.ts';
import type { Service } from '../../lib/service.ts';
import { type SocketServer, serveSockets } from '../../lib/socket-server.ts';
import { gatewayService, healthService, reflectionServices } from '../../wire/gateway-service.ts';
import type { GatewayCallsDependencies } from './gateway-calls.ts';
import type { GrpcOptions } from './options.ts';
import { TlsDoor } from './tls-door.ts';

export interface GrpcDependencies extends GatewayCallsDependencies {
  readonly options: Omit<GrpcOptions, 'tls'>;
  /** TLS is spoken with it; undefined: it is not. */
  readonly certificate?: ServerCertificate | undefined;
  /** Counts a new connection with those of its machine. @returns false when it is one too many, and closed */
  readonly mayConnect?: ((socket: Socket) => boolean) | undefined;
  /** Whether messages are taken in. */
  readonly isServing: () => boolean;
}

/** Calls that one connection may have open at once. */
const maxCallsPerConnection = 100;
/** Further connections are closed at once. */
const maxConnections = 500;
const readable =
  'gRPC is open to other machines without TLS: whoever is in between reads tokens and messages. `grpc.tls.enabled` encrypts.';

/** The gRPC server for programs beside the gateway. */
export class GrpcApi implements Service {
  readonly name = 'grpc';
  readonly #deps: GrpcDependencies;
  #server: Server | undefined;
  #sockets: SocketServer | undefined;

  constructor(deps: GrpcDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} port.taken, port.forbidden, address.unavailable; config.invalid, config.unreadable for certificates */
  async start(): Promise<void> {
    const { options, isServing, certificate, mayConnect, log } = this.#deps;
    if (!options.enabled) return;
    const [{ Server, ServerCredentials }, { GatewayCalls }, { HealthCalls }, { reflectionCall }] = await Promise.all([
      import('@grpc/grpc-js'),
      import('./gateway-calls.ts'),
      import('./health-calls.ts'),
      import('./reflection-call.ts'),
    ]);
    const server = new Server({
      'grpc.max_receive_message_length': options.maxMessageBytes,
      'grpc.max_concurrent_streams': maxCallsPerConnection,
      'grpc.enable_channelz': 0,
      // A client that is gone without a word is noticed.
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 10_000,
    });
    server.addService(gatewayService, new GatewayCalls(this.#deps).implementation);
    server.addService(healthService, new HealthCalls(isServing).implementation);
    for (const service of reflectionServices) server.addService(service, { serverReflectionInfo: reflectionCall });
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const context = await certificate?.open();
    const door = context && new TlsDoor({ context, accept: (socket) => injector.injectConnection(socket), log });
    let open = 0;
    this.#server = server;
    this.#sockets = await serveSockets('The gRPC server', options.host, options.port, (socket) => {
      if (open >= maxConnections) {
        socket.destroy();
        return;
      }
      if (mayConnect?.(socket) === false) return;
      open++;
      socket.on('close', () => open--);
      if (door === undefined) injector.injectConnection(socket);
      else door.inject(socket);
    });
    if (door !== undefined) certificate?.follow(door.server);
    else if (!isLoopback(options.host) && options.host !== 'localhost') log.warn({ host: options.host }, readable);
  }

  async stop(): Promise<void> {
    this.#deps.certificate?.close();
    this.#server?.forceShutdown();
    this.#sockets?.destroy();
    await this.#sockets?.close();
  }

  /** Undefined: no TLS is spoken. */
  get certificate(): CertificateStatus | undefined {
    return this.#deps.certificate?.status();
  }

  /** Where it listens: `127.0.0.1:50051`; empty: it does not. */
  get address(): string {
    return this.#sockets?.address ?? '';
  }
}
