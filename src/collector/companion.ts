import type { ConnectRequest, ConnectResponse } from '../wire/generated/headgate/v1/uplink.ts';
import type { Peer } from './session.ts';

/** A message to a gateway, as the generated code has it. */
export type CollectorMessage = NonNullable<ConnectResponse['message']>;
/** A message from a gateway, as the generated code has it. */
export type GatewayMessage = NonNullable<ConnectRequest['message']>;

/** One open stream, for those who have something to say on it. The object is the stream's name: compare by identity. */
export interface Line {
  readonly peer: Peer;
  /** What is sent after the stream has ended is lost. */
  send(message: CollectorMessage): void;
}

/**
 * Something beside records that travels on gateways' streams: commands, renewals. It is told of each stream whose
 * protocol version is 2 or newer, from welcome to end.
 */
export interface Companion {
  connected?(line: Line): void;
  /** @returns whether the message was for this one */
  received?(line: Line, message: GatewayMessage): boolean;
  gone?(line: Line): void;
}
