import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import type { Priority } from '../core/priority.ts';
import type { MonotonicMs } from '../core/time.ts';
import { type Interval, Intervals } from '../lib/intervals.ts';
import type { Share } from './shares.ts';

/** A batch that was sent. */
export interface Flight {
  readonly batch: StoredBatch;
  readonly priority: Priority;
  readonly share: Share;
  /** What it took of the window. */
  readonly bytes: number;
  readonly sentAt: MonotonicMs;
  /** What is durable of it, when only a part is. */
  durable?: Intervals;
  isSettled?: boolean;
}

/** What of one lane was sent and is not acknowledged, in order of sequence. */
export class LaneInFlight {
  readonly #flights: Flight[] = [];
  /** Where the first one is that is not settled. */
  #from = 0;

  get isEmpty(): boolean {
    return this.#from === this.#flights.length;
  }

  add(flight: Flight): void {
    // A lane's batches come in order, but what is asked for again may be older than what is under way.
    const at = this.#firstEndingAtOrAfter(flight.batch.firstSequence);
    if (at === this.#flights.length) this.#flights.push(flight);
    else this.#flights.splice(at, 0, flight);
  }

  /** The collector has `first` to `last`: takes out the flights that it has wholly now, and adds them to `settled`. */
  settle({ first, last }: Interval, settled: Flight[]): void {
    const flights = this.#flights;
    for (let at = this.#firstEndingAtOrAfter(first); at < flights.length; at++) {
      const flight = flights[at]!;
      if (flight.batch.firstSequence > last) break;
      if (flight.isSettled || !isCovered(flight, first, last)) continue;
      flight.isSettled = true;
      settled.push(flight);
    }
    while (this.#from < flights.length && flights[this.#from]!.isSettled) this.#from++;
    while (flights.length > this.#from && flights.at(-1)!.isSettled) flights.pop();
    // The settled front is cut off now and then: at most one move a flight.
    if (this.#from * 2 < flights.length) return;
    flights.splice(0, this.#from);
    this.#from = 0;
  }

  /** From the first sequence under way to the last. */
  get sequences(): Interval | undefined {
    if (this.isEmpty) return undefined;
    return { first: this.#flights[this.#from]!.batch.firstSequence, last: lastSequenceOf(this.#flights.at(-1)!.batch) };
  }

  #firstEndingAtOrAfter(sequence: number): number {
    let low = this.#from;
    let high = this.#flights.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lastSequenceOf(this.#flights[middle]!.batch) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isCovered(flight: Flight, first: number, last: number): boolean {
  const { batch } = flight;
  const end = lastSequenceOf(batch);
  if (first <= batch.firstSequence && end <= last) return true;
  flight.durable ??= new Intervals();
  flight.durable.add(Math.max(first, batch.firstSequence), Math.min(last, end));
  return flight.durable.covers(batch.firstSequence, end);
}
