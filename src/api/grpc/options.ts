import { type Static, Type } from 'typebox';
import { bytes, port } from '../../lib/option-types.ts';

export const grpcOptions = Type.Object({
  enabled: Type.Boolean({ default: true, description: 'Whether local programs may use gRPC.' }),
  host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
  port: port({ default: 50051, description: 'TCP port for gRPC.' }),
  maxMessageBytes: bytes({ default: '1MB', description: 'The longest message that is taken from a client.' }),
});

export type GrpcOptions = Static<typeof grpcOptions>;
