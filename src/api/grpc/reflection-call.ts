import type { ServerDuplexStream } from '@grpc/grpc-js';
import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../wire/generated/grpc/reflection/v1/reflection.ts';

/** Answers tools that ask what this server can be asked. What that takes is loaded by the first who does. */
export function reflectionCall(call: ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>): void {
  call.on('data', async (request: ServerReflectionRequest) => {
    call.pause();
    const { reflect } = await import('../../wire/reflection.ts');
    // Who does not read what it is told is asked no more.
    if (call.write(reflect(request))) call.resume();
    else call.once('drain', () => call.resume());
  });
  call.on('end', () => call.end());
  // The client went away: nobody is there to be told.
  call.on('error', () => {});
}
