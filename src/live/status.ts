/** What became of the live feed's readers. */
export interface LiveStatus {
  /** Subscriptions that there are; one connection may have several. */
  readonly subscriptions: number;
  /** Different wishes among them. */
  readonly audiences: number;
  /** Subscriptions that take nothing at the moment. */
  readonly full: number;
  /** Events that were not given to who wanted them yet, summed over all subscriptions. */
  readonly queued: number;
  /** Events since the gateway started, and those that are kept for who comes back. */
  readonly events: number;
  readonly kept: number;
  readonly keptBytes: number;
  /** Events that were given out, summed over all subscriptions. */
  readonly delivered: number;
  /** Events that somebody did not get: because a newer one of their series came, or because they were not kept any more. */
  readonly missed: { readonly coalesced: number; readonly overrun: number };
  /** How often a reader was told of such. */
  readonly gaps: number;
  /** How often a reader could not go on from its cursor, by reason. */
  readonly resets: { readonly epoch: number; readonly expired: number; readonly unknown: number };
  /** Connections that were ended because of their clients, by reason. */
  readonly lost: { readonly silent: number; readonly unread: number; readonly garbage: number };
  /** Subscriptions that were ended because they took nothing for too long. */
  readonly frozen: number;
}
