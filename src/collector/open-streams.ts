import type { Peer } from './session.ts';
import type { GatewayStream } from './stream.ts';

/** A stream, as far as it matters who speaks on it. */
type Spoken = Pick<GatewayStream, 'peer'>;

/**
 * The open streams by who speaks on them. With ten thousand gateways, and each change that another collector notes of one
 * of a hundred thousand, nobody can look through them all.
 */
export class OpenStreams<S extends Spoken> {
  readonly #all = new Set<S>();
  readonly #byGateway = new Map<string, Set<S>>();
  #most = 0;

  /** @returns all of them, also those on which nobody has said hello */
  [Symbol.iterator](): Iterator<S> {
    return this.#all.values();
  }

  opened(stream: S): void {
    this.#all.add(stream);
  }

  /** Somebody has said who it is. @returns those that spoke for the same epoch before */
  greeted(stream: S, { gateway, epoch }: Peer): S[] {
    const streams = this.#byGateway.get(gateway) ?? new Set();
    const before = [...streams].filter((other) => other !== stream && other.peer?.epoch === epoch);
    this.#byGateway.set(gateway, streams.add(stream));
    this.#most = Math.max(this.#most, this.#byGateway.size);
    return before;
  }

  gone(stream: S): void {
    this.#all.delete(stream);
    const gateway = stream.peer?.gateway;
    const streams = gateway === undefined ? undefined : this.#byGateway.get(gateway);
    streams?.delete(stream);
    if (gateway !== undefined && streams?.size === 0) this.#byGateway.delete(gateway);
  }

  /** Those on which this gateway has said hello. */
  of(gateway: string): readonly S[] {
    return [...(this.#byGateway.get(gateway) ?? [])];
  }

  /** Who has said hello, once for each of its streams. */
  get peers(): Peer[] {
    return [...this.#byGateway.values()].flatMap((streams) => [...streams].flatMap(({ peer }) => peer ?? []));
  }

  /** The most gateways that there were at once. */
  get mostGateways(): number {
    return this.#most;
  }
}
