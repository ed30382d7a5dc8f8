import { Client, type ClientDuplexStream, credentials, type StatusObject } from '@grpc/grpc-js';
import { ConnectResponse } from '../../src/wire/generated/headgate/v1/uplink.ts';
import { uplinkService } from '../../src/wire/uplink-service.ts';
import { request, uploadOf } from './fixtures.ts';

type Message = NonNullable<ConnectResponse['message']>;

/** A gateway's end of one stream, for tests: says what it is told to say, and hands out what comes. */
export class TestGateway {
  readonly #client: Client;
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly #messages: Message[] = [];
  readonly #waiting: ((message: Message) => void)[] = [];
  /** How the stream ended. */
  readonly status: Promise<StatusObject>;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const { path, requestSerialize, responseDeserialize } = uplinkService.connect;
    this.call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.status = new Promise((resolve) => {
      this.call.on('status', resolve);
    });
    // The status says it too.
    this.call.on('error', () => {});
    this.call.on('data', (bytes: Buffer) => {
      const message = ConnectResponse.decode(bytes).message!;
      const waiting = this.#waiting.shift();
      if (waiting) waiting(message);
      else this.#messages.push(message);
    });
  }

  /** The next message; rejects when the stream ends first. */
  async next(): Promise<Message> {
    const message = this.#messages.shift();
    if (message !== undefined) return message;
    const ended = this.status.then(({ code, details }) => {
      throw new Error(`the stream ended with ${code} ${details}`);
    });
    return await Promise.race([new Promise<Message>((resolve) => this.#waiting.push(resolve)), ended]);
  }

  hello(gateway = 'gw', firstWaiting = 1n, epoch = 'e', lastSequence = 0n, version = 1): void {
    const value = {
      version,
      gateway,
      epoch,
      firstWaiting,
      lastSequence,
      agent: 'test',
      lineages: [],
      takesOver: '',
      heardEverySeconds: 0,
    };
    this.call.write(request({ $case: 'hello', value }));
  }

  /** Says hello; returns what the welcome says is durable, as `first-last` texts. */
  async greet(gateway = 'gw', firstWaiting = 1n, lastSequence = 0n): Promise<string> {
    this.hello(gateway, firstWaiting, 'e', lastSequence);
    const message = await this.next();
    if (message.$case !== 'welcome') throw new Error(`got ${message.$case} instead of a welcome`);
    return ranges(message.value.durable);
  }

  upload(batches: readonly (readonly number[])[], gateway = 'gw'): void {
    this.call.write(envelope(uploadOf(gateway, batches)));
  }

  /** Collects acknowledgements until all of `first` to `last` is in. */
  async acknowledged(first: number, last: number): Promise<void> {
    for (let known = first - 1; known < last; ) {
      const message = await this.next();
      if (message.$case !== 'acknowledge') throw new Error(`got ${message.$case} instead of an acknowledgement`);
      for (const range of message.value.durable) {
        if (Number(range.first) > known + 1) throw new Error(`acknowledged ${range.first} before ${known + 1}`);
        known = Math.max(known, Number(range.last));
      }
    }
  }

  close(): void {
    this.call.cancel();
    this.#client.close();
  }
}

/** An `Upload` as a `ConnectRequest`. */
export function envelope(upload: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = upload.length; ; rest >>>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) break;
  }
  return Buffer.concat([Buffer.from([0x12, ...length]), upload]);
}

export function ranges(runs: readonly { first: bigint; last: bigint }[]): string {
  return runs.map(({ first, last }) => `${first}-${last}`).join(' ');
}
