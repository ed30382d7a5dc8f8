import { HeadgateError } from '../core/errors.ts';
import type { Interval, Intervals } from '../lib/intervals.ts';

/** One upload of one gateway, on its way into the sink. */
export interface Delivery {
  readonly gateway: string;
  readonly epoch: string;
  /** An encoded `Upload`, compressed or not. */
  readonly upload: Uint8Array;
}

/** What became of a delivery. */
export type Outcome =
  /** All its records are durable, now or since before: their sequences, merged, and how many of them are new. */
  | { readonly name: 'durable'; readonly sequences: readonly Interval[]; readonly newRecords: number }
  /** Its bytes are not what they should be. Nothing of it has been stored by this commit. */
  | { readonly name: 'refused'; readonly reason: string };

/**
 * Where a collector keeps records. Whoever uses one can rely on this: a record is stored once, however often and in
 * whatever batches it comes, and what `commit` returned is still there after a power cut.
 *
 * All calls block until the disk has answered: a sink lives in a thread of its own. After any of them has thrown, close
 * the sink and open it again: opening is what puts things right, after a failure as after a crash.
 */
export interface Sink {
  /** Recovers what an earlier run left. Throws a HeadgateError `data.*` that names the path. */
  open(): void;
  /** What is durable of one gateway's epoch. Changed by later commits: read it, don't keep it. */
  progress(gateway: string, epoch: string): Intervals;
  /**
   * Makes the records of all deliveries durable, together with the sequences that they fill. Returns one outcome a
   * delivery, in order.
   *
   * @throws HeadgateError `sink.failed` or `data.*` when the disk refused; nothing has been acknowledged then
   */
  commit(deliveries: readonly Delivery[]): Outcome[];
  /** May be called at any time, also twice. */
  close(): void;
}

/** What `collector.sink` says. */
export type SinkAddress =
  /** An SQLite database, one row a record. */
  | { readonly kind: 'sqlite'; readonly path: string }
  /** A file with one JSON record a line. */
  | { readonly kind: 'file'; readonly path: string };

/** @throws HeadgateError `config.invalid` when it is neither `sqlite:PATH` nor `file:PATH` */
export function parseSink(text: string): SinkAddress {
  const match = /^([a-z]+):(.+)$/s.exec(text);
  const [, kind, path] = match ?? [];
  if (path !== undefined && (kind === 'sqlite' || kind === 'file')) return { kind, path };
  throw new HeadgateError(
    'config.invalid',
    `"${text}" is no sink: \`collector.sink\` is \`sqlite:PATH\`, or \`file:PATH\` for one JSON record a line.`,
  );
}

/**
 * The sink that an address names, not yet open. Only the code of that kind is loaded.
 *
 * @param note told, for the log, what was found and put right on opening
 */
export async function createSink(address: SinkAddress, note: (message: string) => void): Promise<Sink> {
  switch (address.kind) {
    case 'sqlite': {
      const { SqliteSink } = await import('./sqlite-sink.ts');
      return new SqliteSink(address.path);
    }
    case 'file': {
      const { FileSink } = await import('./file-sink.ts');
      return new FileSink(address.path, note);
    }
  }
}
