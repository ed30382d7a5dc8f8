import { type Static, Type } from 'typebox';
import { listenerTls } from '../../lib/listener-tls.ts';
import { bytes, port } from '../../lib/option-types.ts';

export const grpcOptions = Type.Object({
  enabled: Type.Boolean({ default: true, description: 'Whether local programs may use gRPC.' }),
  host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
  port: port({ default: 50051, description: 'TCP port for gRPC.' }),
  maxMessageBytes: bytes({ default: '1MB', description: 'The longest message that is taken from a client.' }),
  tls: Type.Object(listenerTls, {
    default: {},
    description: 'TLS on the port of gRPC, which then takes nothing else.',
  }),
});

export type GrpcOptions = Static<typeof grpcOptions>;
