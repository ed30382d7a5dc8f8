import type { Cell } from './leaf-page.ts';
import type { OverflowChains } from './overflow-chains.ts';
import type { PageImage } from './page-images.ts';
import { bytesAt, isInteger, isNull, isText, type RecordLayout } from './record-format.ts';

/** A row of `segments`. */
export interface SegmentText {
  readonly number: number;
  readonly json: string;
}

/**
 * The root page of `state`: the second table of a new file, whose first page is the schema's. It tells the one row of
 * `state` from the first one of `segments`, which look alike.
 */
const stateRoot = 3;
/** Older versions are of no use. */
const maxVersions = 16;

interface Version {
  readonly json: string;
  readonly isDoubtful: boolean;
}

/**
 * Gathers the JSON texts among the cells that it is shown, newest first. They have no checksum of ours: of a text from a
 * damaged log frame one can only tell that it is JSON still.
 */
export class TextFinder {
  readonly #chains: OverflowChains;
  readonly #states: Version[] = [];
  readonly #metas: Version[] = [];
  readonly #segments = new Map<number, string>();

  constructor(chains: OverflowChains) {
    this.#chains = chains;
  }

  /** Takes the cell's text when it is a row of `meta`, `state` or `segments`. @returns whether it is one by its columns */
  offer(cell: Cell, layout: RecordLayout, image: PageImage): boolean {
    const [first, second, third] = layout.types;
    if (isInteger(first) && isInteger(second) && isText(third)) {
      this.#add(this.#metas, cell, layout, 2, image);
      return true;
    }
    if (!isNull(first) || !isText(second)) return false;
    if (image.number === stateRoot) this.#add(this.#states, cell, layout, 1, image);
    else if (!this.#segments.has(cell.rowid)) {
      const version = this.#read(cell, layout, 1, image);
      if (version !== undefined) this.#segments.set(cell.rowid, version.json);
    }
    return true;
  }

  /** Newest last, except that those from damaged log frames come before all others. */
  get states(): string[] {
    return oldestFirst(this.#states);
  }

  /** As {@link states}. */
  get metas(): string[] {
    return oldestFirst(this.#metas);
  }

  /** The newest of each, by number. */
  get segments(): SegmentText[] {
    const found = [...this.#segments].map(([number, json]) => ({ number, json }));
    return found.sort((a, b) => a.number - b.number);
  }

  /** @param column where the text is; what the next release may have added comes behind it */
  #add(versions: Version[], cell: Cell, layout: RecordLayout, column: number, image: PageImage): void {
    if (versions.length >= maxVersions) return;
    const version = this.#read(cell, layout, column, image);
    if (version === undefined || versions.some(({ json }) => json === version.json)) return;
    versions.push(version);
  }

  #read(cell: Cell, layout: RecordLayout, column: number, image: PageImage): Version | undefined {
    const whole = cell.overflow === 0 ? { payload: cell.local, isProven: true } : this.#chains.asOf(cell, image.asOf);
    if (whole === undefined) return undefined;
    try {
      const json = new TextDecoder('utf-8', { fatal: true }).decode(bytesAt(whole.payload, layout, column));
      JSON.parse(json);
      return { json, isDoubtful: image.trust === 'doubtful' || !whole.isProven };
    } catch {
      // Damaged: an older version may do.
      return undefined;
    }
  }
}

function oldestFirst(newestFirst: readonly Version[]): string[] {
  const doubtful = newestFirst.filter(({ isDoubtful }) => isDoubtful);
  const others = newestFirst.filter(({ isDoubtful }) => !isDoubtful);
  return [...others, ...doubtful].reverse().map(({ json }) => json);
}
