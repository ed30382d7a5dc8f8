import { Client, credentials } from '@grpc/grpc-js';
import { gatewayService } from '../../src/wire/gateway-service.ts';
import {
  PublishRequest,
  type PublishResponse,
  SubscribeRequest,
  SubscribeResponse,
} from '../../src/wire/generated/headgate/v1/gateway.ts';

/** A client with a connection of its own: others of this process are as other programs. */
function clientOf(address: string): Client {
  return new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
}

/**
 * Subscribes to topics. Resolves when the gateway says that what comes from here on is told.
 *
 * @param onProbe gets the field `dueMs` of each record that has one, as it comes
 * @param onEnd gets a sentence when the stream is over
 */
export function openReader(
  address: string,
  topics: readonly string[],
  onProbe: (dueMs: number) => void,
  onEnd: (reason: string) => void,
): Promise<void> {
  const { path, requestSerialize } = gatewayService.subscribe;
  const request = SubscribeRequest.fromPartial({ topics: [...topics] });
  const decode = (bytes: Buffer): SubscribeResponse => SubscribeResponse.decode(bytes);
  const call = clientOf(address).makeServerStreamRequest(path, requestSerialize, decode, request);
  return new Promise((resolve) => {
    call.on('data', ({ event }: SubscribeResponse) => {
      if (event?.$case === 'ready') resolve();
      // Then its times would be those of the probes that came.
      if (event?.$case === 'missed') onEnd(`a reader missed ${event.value.count} events (${event.value.reason})`);
      if (event?.$case !== 'record') return;
      const value = event.value.fields.find(({ name }) => name === 'dueMs')?.value;
      if (value?.$case === 'number') onProbe(value.value);
    });
    call.on('error', (error) => onEnd(error.message));
    call.on('end', () => onEnd('the stream of a reader has ended'));
  });
}

/** One Publish stream. */
export class Publisher {
  readonly #client: Client;
  readonly #call;
  readonly #waiting = new Map<bigint, (answer: PublishResponse | Error) => void>();
  #failure: Error | undefined;
  #isClosed = false;

  constructor(address: string) {
    this.#client = clientOf(address);
    const { path, requestSerialize, responseDeserialize } = gatewayService.publish;
    this.#call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#call.on('data', (answer: PublishResponse) => {
      const settle = this.#waiting.get(answer.id);
      if (settle === undefined) this.#fail(new Error(`message ${answer.id} was answered, which nobody waits for`));
      this.#waiting.delete(answer.id);
      settle?.(answer);
    });
    this.#call.on('error', (error) => this.#fail(error));
    this.#call.on('end', () => this.#fail(new Error('the gateway has ended the stream')));
  }

  /** Resolves when the gateway has answered. Rejects when the stream broke, now or before. */
  publish(id: bigint, topic: string, payload: string): Promise<PublishResponse> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.set(id, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      this.#call.write(PublishRequest.fromPartial({ id, topic, payload: Buffer.from(payload) }));
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#call.cancel();
    this.#client.close();
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.#failure ??= error;
    for (const settle of this.#waiting.values()) settle(error);
    this.#waiting.clear();
  }
}
