import { Segment } from './segment.ts';
import type { SegmentSummary } from './worker-protocol.ts';

/** So many are open at a time. */
const maxOpen = 2;

/** A lane's sealed segments that are open for reading, by number. */
export class SegmentReaders {
  readonly #open = new Map<number, Segment>();

  get(number: number): Segment | undefined {
    return this.#open.get(number);
  }

  /** Opens one that is not, and closes the one that has been open longest where there are too many. @throws as `Segment.open` */
  open(path: string, number: number, known: SegmentSummary | undefined): Segment {
    for (const [oldest, reader] of this.#open) {
      if (this.#open.size < maxOpen) break;
      this.#open.delete(oldest);
      reader.close();
    }
    const segment = Segment.open(path, number, known);
    this.#open.set(number, segment);
    return segment;
  }

  /** @returns one that the caller has to close */
  release(number: number): Segment | undefined {
    const segment = this.#open.get(number);
    this.#open.delete(number);
    return segment;
  }

  close(): void {
    for (const segment of this.#open.values()) segment.close();
    this.#open.clear();
  }
}
