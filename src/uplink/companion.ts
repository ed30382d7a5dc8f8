import type { ConnectRequest, ConnectResponse, Welcome } from '../wire/generated/headgate/v1/uplink.ts';

/** A message to the collector, as the generated code has it. */
export type GatewayMessage = NonNullable<ConnectRequest['message']>;
/** A message from the collector, as the generated code has it. */
export type CollectorMessage = NonNullable<ConnectResponse['message']>;

/**
 * Something beside records that travels on the uplink's stream: commands, certificates, the collector's clock. It is told
 * of each connection from welcome to end, in this order, and never asked to wait.
 */
export interface Companion {
  /**
   * The connection stands. `send` may be called until {@link ended}; what is sent later is lost, as is what is under way
   * when a connection breaks: whoever needs an answer sends again on the next one.
   *
   * @param welcome what the collector said, `version` 1 when it is an old one that knows none of the newer messages
   * @param roundTripMs from hello to welcome, as far as the clock at the other end could have moved on meanwhile
   */
  connected?(send: (message: GatewayMessage) => void, welcome: Welcome, roundTripMs: number): void;
  /** @returns whether the message was for this one */
  received?(message: CollectorMessage): boolean;
  ended?(): void;
}
