// The Uplink service as gRPC sees it, with messages left as the bytes they are on the wire: an upload's records were
// encoded once, long before, and a reader may pick them apart without building an object for each.

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
} as const;
