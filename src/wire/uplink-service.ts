// The Uplink service as gRPC sees it, with a stream's messages left as the bytes they are on the wire: an upload's records were
// encoded once, long before, and a reader may pick them apart without building an object for each.

import { EnrolRequest, EnrolResponse } from './generated/headgate/v1/uplink.ts';

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Shaped like grpc-js's ServiceDefinition. Requests are encoded `ConnectRequest`s, responses `ConnectResponse`s. */
export const uplinkService = {
  connect: {
    path: '/headgate.v1.Uplink/Connect',
    requestStream: true,
    responseStream: true,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes: Buffer): Buffer => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes: Buffer): Buffer => bytes,
  },
  enrol: {
    path: '/headgate.v1.Uplink/Enrol',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: EnrolRequest): Buffer => Buffer.from(EnrolRequest.encode(message).finish()),
    requestDeserialize: (bytes: Buffer): EnrolRequest => EnrolRequest.decode(bytes),
    responseSerialize: (message: EnrolResponse): Buffer => Buffer.from(EnrolResponse.encode(message).finish()),
    responseDeserialize: (bytes: Buffer): EnrolResponse => EnrolResponse.decode(bytes),
  },
} as const;
