import type { MessageFns } from './generated/headgate/v1/record.ts';

/** A method as grpc-js's ServiceDefinition has it, by its path: `/headgate.v1.Gateway/GetDevice`. */
export function grpcMethod<Request, Response>(
  path: string,
  request: MessageFns<Request>,
  response: MessageFns<Response>,
  streams: 'none' | 'response' | 'both' = 'none',
) {
  return {
    path,
    requestStream: streams === 'both',
    responseStream: streams !== 'none',
    requestSerialize: (message: Request): Buffer => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer): Request => request.decode(bytes),
    responseSerialize: (message: Response): Buffer => Buffer.from(response.encode(message).finish()),
    responseDeserialize: (bytes: Buffer): Response => response.decode(bytes),
  } as const;
}
