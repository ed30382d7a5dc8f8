import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  connectivityState,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { messageOf } from '../core/errors.ts';
import type { UnixMs } from '../core/time.ts';
import { ConnectResponse } from '../wire/generated/headgate/v1/uplink.ts';
import { uplinkService } from '../wire/uplink-service.ts';
import type { Address } from './addresses.ts';
import type { CollectorMessage } from './companion.ts';
import type { Presented } from './credentials.ts';
import { plainReason } from './plain-reason.ts';
import { Transport } from './transport.ts';
import { whoIsThere } from './who-is-there.ts';

/** Why a connection ended. `rejected`: the collector understood us and said no; anything else may pass by itself. */
export interface Ending {
  readonly kind: 'rejected' | 'lost';
  readonly reason: string;
}

export interface ConnectionEvents {
  onMessage(message: CollectorMessage): void;
  /** It takes more after {@link Connection.send} said no. */
  onDrain(): void;
  /** The other end, or a proxy before it, takes no new streams on this connection: it is about to close it. */
  onGoAway(): void;
  /** Once, whoever ended it, unless {@link Connection.close} did. */
  onEnd(ending: Ending): void;
}

export interface ConnectionSettings {
  readonly url: string;
  /** Which of the addresses of the URL's host to connect to; the host's name stays what it is called by. Unset: any. */
  readonly address?: Address;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** What the gateway shows, and whom it trusts; absent: plaintext, and nothing. */
  readonly presented?: Presented;
  /** The time by which the collector's certificates are judged. */
  readonly now: () => UnixMs;
}

/** Answers that will be the same tomorrow unless somebody changes something. */
const rejections = new Set([
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
  status.FAILED_PRECONDITION,
]);

/** How long the end of a stream may come after that of its connection. */
const goAwayGraceMs = 100;

/** One gRPC stream to the collector, on a channel of its own. */
export class Connection {
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;
  #isOver = false;

  /** Dials. What comes of it is told to `events`. @throws when the URL is not one, or the certificates are none */
  constructor(settings: ConnectionSettings, events: ConnectionEvents) {
    const { presented = {} } = settings;
    const { target, named } = targetOf(settings);
    this.#transport = new Transport(presented.tls, settings.now);
    this.#client = new Client(target, this.#transport, {
      // Re-sending is ours: only we know what is durable.
      'grpc.enable_retries': 0,
      'grpc.keepalive_time_ms': settings.keepaliveMs,
      'grpc.keepalive_timeout_ms': settings.keepaliveTimeoutMs,
      'grpc.keepalive_permit_without_calls': 1,
      // A channel that failed must not make the next one wait: the pauses between attempts are ours too.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_send_message_length': -1,
      ...named,
    });
    const { path, requestSerialize, responseDeserialize } = uplinkService.connect;
    this.#call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadataOf(presented));
    let hasAnswered = false;
    let isAsking = false;
    const end = (ending: Ending): void => {
      if (this.#isOver || isAsking) return;
      this.close();
      events.onEnd(ending);
    };
    this.#call.on('data', (bytes: Buffer) => {
      if (this.#isOver) return;
      hasAnswered = true;
      try {
        const { message } = ConnectResponse.decode(bytes);
        if (message !== undefined) events.onMessage(message);
      } catch (error) {
        end({ kind: 'lost', reason: `the collector sent what is not the protocol: ${messageOf(error)}` });
      }
    });
    this.#call.on('drain', () => {
      if (!this.#isOver) events.onDrain();
    });
    this.#call.on('error', (error: ServiceError) => {
      const { failure, endpoint } = this.#transport;
      const ending: Ending = failure ?? {
        kind: rejections.has(error.code) ? 'rejected' : 'lost',
        reason: plainReason(error.details || error.message, error.code),
      };
      const isStrange = error.code === status.UNAVAILABLE && !hasAnswered && presented.tls === undefined;
      if (!isStrange || endpoint === undefined) {
        end(ending);
        return;
      }
      // Somebody took the connection, and did not speak with us.
      isAsking = true;
      void whoIsThere(endpoint).then((found) => {
        isAsking = false;
        end(found ?? ending);
      });
    });
    this.#call.on('end', () => end({ kind: 'lost', reason: 'the collector ended the stream' }));
    this.#watch(() => events.onGoAway());
  }

  /** @returns false when the connection wants no more until it drains; this message is taken all the same */
  send(message: Uint8Array): boolean {
    return this.#isOver || this.#call.write(message);
  }

  /** The channel leaves its connection while the stream on it goes on: that is what a GOAWAY looks like from here. */
  #watch(onGoAway: () => void): void {
    const channel = this.#client.getChannel();
    const before = channel.getConnectivityState(false);
    channel.watchConnectivityState(before, Number.POSITIVE_INFINITY, (error) => {
      if (this.#isOver || error !== undefined) return;
      if (before !== connectivityState.READY) this.#watch(onGoAway);
      // When it is the connection that is gone, the stream's end follows at once.
      else setTimeout(() => this.#isOver || onGoAway(), goAwayGraceMs).unref();
    });
  }

  /** Bytes that went over the network so far, both ways: TLS and HTTP/2 included, TCP's and IP's own not. */
  wireBytes(): number {
    return this.#transport.wireBytes();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#call.cancel();
    this.#client.close();
  }
}

/** Where to connect, and how the collector is called there. @throws when the URL is not one */
export function targetOf({ url, address }: Pick<ConnectionSettings, 'url' | 'address'>): {
  readonly target: string;
  readonly named: ChannelOptions;
} {
  const { protocol, host, port } = new URL(url);
  if (address === undefined) return { target: host, named: {} };
  const usualPort = protocol === 'https:' ? 443 : 80;
  const at = `${address.family === 6 ? `ipv6:[${address.ip}]` : `ipv4:${address.ip}`}:${port || usualPort}`;
  return { target: at, named: { 'grpc.default_authority': host } };
}

export function metadataOf({ token }: Presented): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
