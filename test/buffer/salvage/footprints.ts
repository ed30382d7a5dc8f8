import { cellsOf, isLeaf } from '../../../src/buffer/salvage/leaf-page.ts';
import { collectPages, type PageImage } from '../../../src/buffer/salvage/page-images.ts';
import { layoutOf } from '../../../src/buffer/salvage/record-format.ts';
import type { Files } from './segments.ts';

interface Place {
  readonly file: keyof Files;
  readonly start: number;
  readonly end: number;
}

/** For each thing that a batch needs, the places where it lies. */
type Footprint = readonly (readonly Place[])[];

const frameHeaderBytes = 24;

/** Which bytes of undamaged files each batch is made of, and so which batches must survive what happens to the files. */
export class Footprints {
  readonly #files: Files;
  readonly #byPosition: ReadonlyMap<number, Footprint>;

  constructor(files: Files) {
    this.#files = files;
    this.#byPosition = footprintsOf(files);
  }

  /** Positions of all batches. */
  get positions(): number[] {
    return [...this.#byPosition.keys()].sort((a, b) => a - b);
  }

  /** Positions of the batches that still have an untouched image of each of their pages. */
  survivors(damaged: Partial<Files>): number[] {
    const isIntact = ({ file, start, end }: Place) => {
      const now = damaged[file];
      return now !== undefined && now.length >= end && now.compare(this.#files[file], start, end, start, end) === 0;
    };
    return this.positions.filter((position) =>
      this.#byPosition.get(position)!.every((places) => places.some(isIntact)),
    );
  }
}

function footprintsOf(files: Files): Map<number, Footprint> {
  const images = collectPages(files.database, files.wal);
  const leaves = new Map<number, Place[]>();
  const overflows = new Map<number, Place[][]>();
  for (const image of images.all.toReversed()) {
    if (!isLeaf(image.bytes)) continue;
    for (const cell of cellsOf(image.bytes)) {
      if (layoutOf(cell)?.types.length !== 9) continue;
      leaves.set(cell.rowid, [...(leaves.get(cell.rowid) ?? []), placeOf(image, files)]);
      if (overflows.has(cell.rowid)) continue;
      const chain: Place[][] = [];
      for (let number = cell.overflow; number !== 0; ) {
        const page = images.at(number, image.asOf)!;
        const same = images.all.filter((other) => other.number === number && other.bytes.equals(page.bytes));
        chain.push(same.map((other) => placeOf(other, files)));
        number = page.bytes.readUInt32BE(0);
      }
      overflows.set(cell.rowid, chain);
    }
  }
  return new Map([...leaves].map(([position, places]) => [position, [places, ...overflows.get(position)!]]));
}

function placeOf({ bytes, order }: PageImage, files: Files): Place {
  const file = order === 0 ? 'database' : 'wal';
  const at = bytes.byteOffset - files[file].byteOffset;
  return { file, start: order === 0 ? at : at - frameHeaderBytes, end: at + bytes.length };
}
