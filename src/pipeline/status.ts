/** Counts of messages since this process started; each may be several records, which the buffer's ledger counts. */
export interface FlowStatus {
  /** Messages that a source delivered. */
  readonly received: number;
  /** Of those, made durable and confirmed to their source. */
  readonly confirmed: number;
  /** Of those, refused, because the buffer could not take them. Their source knows. */
  readonly refused: number;
  /** Messages of which nothing is known, or that their profile could not read: their payload is kept. */
  readonly undecoded: number;
}
