/** How a bridge stands. */
export type BridgeState =
  /** It dials, or waits for the broker's word. */
  | { readonly name: 'connecting' }
  /** The broker has accepted it; what it wants to hear is being agreed on. */
  | { readonly name: 'connected' }
  /** Messages come. Filters that the broker does not allow are named in `refusedTopics`. */
  | { readonly name: 'subscribed' }
  /** There is no connection. It tries again. */
  | { readonly name: 'waiting'; readonly reason: string; readonly retryAt: number }
  /** The broker, or this gateway, has said no for a reason that is not over by itself. It tries again. */
  | { readonly name: 'refused'; readonly reason: string; readonly retryAt: number };

/** What a bridge says of itself. Counts are since this process started. */
export interface BridgeStatus {
  readonly name: string;
  /** Without user and password. */
  readonly url: string;
  readonly state: BridgeState['name'];
  /** Why it waits or was refused; null in other states. */
  readonly reason: string | null;
  /** When it tries again, ISO 8601 in UTC; null in other states. */
  readonly retryAt: string | null;
  /** Filters that the broker does not allow, each with its reason. */
  readonly refusedTopics: readonly { readonly filter: string; readonly reason: string }[];
  readonly connections: number;
  readonly received: number;
  /** Messages on their way to the disk, whose acknowledgement waits. */
  readonly inFlight: number;
  /** Messages that came again and were not taken in again. */
  readonly duplicates: number;
  /** Retained messages that had been taken in before. */
  readonly retainedAgain: number;
  /** Messages that this gateway had published there itself. */
  readonly echoes: number;
  /** Messages that the buffer refused. With QoS 1 and 2 they come again. */
  readonly notTaken: number;
  /** Messages that were left out because they are too large. */
  readonly tooLarge: number;
}
