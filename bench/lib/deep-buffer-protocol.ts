// What the bench and the process that works on a buffer, peers/deep-buffer.ts, say to each other: one job each process,
// as its argument, and one line with the numbers.

export type BufferJob =
  /** Lets records pile up, then measures what appending to them costs, and what telling the status does. */
  | { readonly kind: 'pile'; readonly directory: string; readonly records: number }
  /** Appends with a budget that is used up, so that what comes evicts what is there. */
  | { readonly kind: 'evict'; readonly directory: string; readonly maxBytes: number };

/** Numbers by name. */
export type BufferNumbers = Readonly<Record<string, number>>;
