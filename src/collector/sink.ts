import { HeadgateError } from '../core/errors.ts';
import type { Interval, Intervals } from '../lib/intervals.ts';
import { type NatsAddress, natsText, parseNats } from './nats-address.ts';
import type { NatsOptions } from './options.ts';

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
  | { readonly name: 'refused'; readonly reason: string }
  /** Another collector serves this gateway now. What became of its records, that one knows. */
  | { readonly name: 'moved' };

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

/** A {@link Sink} that takes its time: what a collector asks of the thread that holds one. */
export interface AsyncSink {
  /** @throws HeadgateError what keeps it from working */
  open(): Promise<void>;
  /** What is durable of one gateway's epoch from `from` on, ascending: `limit` runs at the most, see `welcomeRuns`. */
  progress(gateway: string, epoch: string, from: number, limit: number): Promise<readonly Interval[]>;
  /** As {@link Sink.commit}. One at a time. */
  commit(deliveries: readonly Delivery[]): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

/** What `collector.sink` says. */
export type SinkAddress =
  /** An SQLite database, one row a record. */
  | { readonly kind: 'sqlite'; readonly path: string }
  /** A file with one JSON record a line. */
  | { readonly kind: 'file'; readonly path: string }
  /** NATS JetStream, one message a record. */
  | NatsAddress;

/** @throws HeadgateError `config.invalid` when it is none of `sqlite:PATH`, `file:PATH` and `nats://…` */
export function parseSink(text: string): SinkAddress {
  if (/^(nats|tls):/.test(text)) return parseNats(text);
  const match = /^([a-z]+):(.+)$/s.exec(text);
  const [, kind, path] = match ?? [];
  if (path !== undefined && (kind === 'sqlite' || kind === 'file')) return { kind, path };
  throw new HeadgateError(
    'config.invalid',
    `"${text}" is no sink: \`collector.sink\` is \`sqlite:PATH\`, \`file:PATH\` for one JSON record a line, or \`nats://HOST:PORT\` for NATS JetStream.`,
  );
}

/** A sink's address as people may see it: without passwords. */
export function sinkText(text: string): string {
  const address = parseSink(text);
  return address.kind === 'nats' ? natsText(address) : text;
}

/**
 * The sink that an address names, not yet open. Only the code of that kind is loaded.
 *
 * @param nats what the configuration says about NATS
 * @param note told, for the log, what was found and put right on opening
 */
export async function createSink(
  address: SinkAddress,
  nats: NatsOptions | undefined,
  note: (message: string) => void,
): Promise<AsyncSink> {
  if (address.kind === 'nats') {
    const { NatsSink } = await import('./nats-sink.ts');
    return new NatsSink(address, nats, note);
  }
  const { BlockingSink } = await import('./blocking-sink.ts');
  return new BlockingSink(await createBlocking(address, note));
}

async function createBlocking(
  address: Exclude<SinkAddress, NatsAddress>,
  note: (message: string) => void,
): Promise<Sink> {
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
