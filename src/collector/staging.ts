import { Intervals } from '../lib/intervals.ts';
import { readUpload } from '../wire/batch-reader.ts';
import { type DecodedRecord, MalformedError, type RecordReader } from '../wire/record-reader.ts';
import type { Delivery, Outcome } from './sink.ts';

/** What a sink knows of one gateway's epoch, with whatever else the sink keeps beside it. */
export interface Stream {
  /** The sequences that are durable. */
  readonly durable: Intervals;
}

/**
 * One group on its way to the disk: finds the records that are new and keeps their sequences apart from the durable
 * ones until the disk has said yes. To undo a group, drop its staging.
 */
export class Staging<S extends Stream> {
  readonly #reader: RecordReader;
  readonly #fresh = new Map<S, Intervals>();

  constructor(reader: RecordReader) {
    this.#reader = reader;
  }

  /**
   * Hands every record of an upload that is neither durable nor staged yet to `accept`, in order.
   *
   * @throws MalformedError when the upload can't be decoded; records before the bad one have been accepted by then, so
   * the whole group has to be dropped
   */
  add(stream: S, upload: Uint8Array, accept: (record: DecodedRecord) => void): Outcome {
    const { durable } = stream;
    const fresh = this.#freshOf(stream);
    const sequences = new Intervals();
    let newRecords = 0;
    // The run that the records form so far, added to the sets when it breaks: in order, that is once an upload.
    let all: Run | undefined;
    let unseen: Run | undefined;
    for (const batch of readUpload(upload)) {
      for (const record of this.#reader.records(batch)) {
        const { sequence } = record;
        all = extend(sequences, all, sequence);
        const isInRun = unseen !== undefined && sequence >= unseen.first && sequence <= unseen.last;
        if (isInRun || durable.has(sequence) || fresh.has(sequence)) continue;
        unseen = extend(fresh, unseen, sequence);
        newRecords++;
        accept(record);
      }
    }
    if (all !== undefined) sequences.add(all.first, all.last);
    if (unseen !== undefined) fresh.add(unseen.first, unseen.last);
    return { name: 'durable', sequences: [...sequences], newRecords };
  }

  /** What the group adds to each stream. */
  fresh(): IterableIterator<[S, Intervals]> {
    return this.#fresh.entries();
  }

  /** The group is durable: its sequences join those of their streams. */
  settle(): void {
    for (const [stream, fresh] of this.#fresh) {
      for (const { first, last } of fresh) stream.durable.add(first, last);
    }
  }

  #freshOf(stream: S): Intervals {
    const known = this.#fresh.get(stream);
    if (known !== undefined) return known;
    const fresh = new Intervals();
    this.#fresh.set(stream, fresh);
    return fresh;
  }
}

interface Run {
  readonly first: number;
  last: number;
}

/** `run` with one more number, or a new run when it does not follow; the old one is in `set` then. */
function extend(set: Intervals, run: Run | undefined, value: number): Run {
  if (run !== undefined && value === run.last + 1) {
    run.last = value;
    return run;
  }
  if (run !== undefined) set.add(run.first, run.last);
  return { first: value, last: value };
}

/** Thrown by an attempt to commit: this one delivery is malformed, the others may still be sound. */
export class RefusedDelivery extends Error {
  readonly delivery: Delivery;

  constructor(delivery: Delivery, reason: string) {
    super(reason);
    this.delivery = delivery;
  }
}

/**
 * Commits the deliveries that are sound and refuses the others: tries the whole group, and each time a delivery turns
 * out to be malformed, tries again without it. What came after it from the same gateway goes with it: that gateway's
 * stream ends, and a gateway that sends nothing but nonsense costs one more try, not one for each piece of it.
 *
 * @param attempt makes all it is given durable, or throws and has done nothing
 */
export function commitSound(
  deliveries: readonly Delivery[],
  attempt: (sound: readonly Delivery[]) => Outcome[],
): Outcome[] {
  const refused = new Map<Delivery, Outcome>();
  for (;;) {
    const sound = deliveries.filter((delivery) => !refused.has(delivery));
    try {
      const outcomes = sound.length > 0 ? attempt(sound) : [];
      let next = 0;
      return deliveries.map((delivery) => refused.get(delivery) ?? outcomes[next++]!);
    } catch (error) {
      if (!(error instanceof RefusedDelivery)) throw error;
      const { delivery, message } = error;
      for (const later of sound.slice(sound.indexOf(delivery))) {
        if (later.gateway === delivery.gateway && later.epoch === delivery.epoch) {
          refused.set(later, { name: 'refused', reason: message });
        }
      }
    }
  }
}

/** Runs one delivery's part of an attempt; a malformed upload becomes a {@link RefusedDelivery}. */
export function refuseMalformed(delivery: Delivery, work: () => Outcome): Outcome {
  try {
    return work();
  } catch (error) {
    if (error instanceof MalformedError) throw new RefusedDelivery(delivery, error.message);
    throw error;
  }
}
