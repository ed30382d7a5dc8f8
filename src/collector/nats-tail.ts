import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import { Intervals } from '../lib/intervals.ts';
import { idPrefix, subjectsOf } from './nats-subjects.ts';

/** What a stream holds of one gateway's epoch behind some place in it. */
export interface Tail {
  /** Records that are there as a whole. */
  readonly found: Intervals;
  /** Of records that were cut: the parts that are there, while others are missing. */
  readonly parts: ReadonlyMap<number, ReadonlySet<number>>;
  /** How far the stream has been read: what was not found lies behind, if it comes at all. */
  readonly readTo: number;
}

/** How long the server may take for the next message. */
const patienceMs = 5_000;

/**
 * Reads which records are in the stream behind `since`. It is read from the stream's own messages, headers only, so it
 * does not depend on how long the stream remembers what it has seen.
 *
 * @throws Error when NATS does not answer
 */
export async function readTail(
  client: JetStreamClient,
  stream: string,
  peer: { readonly gateway: string; readonly epoch: string },
  since: number,
): Promise<Tail> {
  const found = new Intervals();
  const parts = new Map<number, Set<number>>();
  const prefix = idPrefix(peer.gateway, peer.epoch);
  const consumer = await client.consumers.get(stream, {
    filter_subjects: subjectsOf(peer.gateway),
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: since + 1,
    headers_only: true,
  });
  try {
    let { num_pending: pending } = await consumer.info(true);
    let readTo = since;
    if (pending === 0) return { found, parts, readTo };
    const messages = await consumer.consume({ max_messages: 10_000 });
    const timer = setTimeout(() => messages.stop(new Error('the stream could not be read in time')), patienceMs);
    try {
      for await (const message of messages) {
        timer.refresh();
        note(message.headers?.get('Nats-Msg-Id') ?? '');
        readTo = message.seq;
        pending = message.info.pending;
        if (pending === 0) break;
      }
    } finally {
      clearTimeout(timer);
      messages.stop();
    }
    if (pending > 0) throw new Error('the stream could not be read to its end');
    return { found, parts, readTo };
  } finally {
    // The server forgets it by itself when it is not used.
    await consumer.delete().catch(() => false);
  }

  function note(id: string): void {
    if (!id.startsWith(prefix)) return;
    const [sequence = 0, part, of = 0] = id.slice(prefix.length).split('/').map(Number);
    if (!Number.isSafeInteger(sequence) || sequence <= 0) return;
    if (part === undefined) {
      found.add(sequence, sequence);
      return;
    }
    const known = (parts.get(sequence) ?? new Set()).add(part);
    if (known.size < of) parts.set(sequence, known);
    else {
      parts.delete(sequence);
      found.add(sequence, sequence);
    }
  }
}
