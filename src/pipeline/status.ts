/** Counts since this process started. */
export interface FlowStatus {
  /** Messages that a source delivered. */
  readonly received: number;
  /** Of those, made durable and confirmed to their source. */
  readonly confirmed: number;
  /** Of those, refused, because the buffer could not take them. Their source knows. */
  readonly refused: number;
  /** Messages whose payload was kept raw because no decoder could read it. */
  readonly undecoded: number;
}
