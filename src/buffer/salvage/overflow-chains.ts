import { type Cell, overflowBytes } from './leaf-page.ts';
import type { PageImage, PageImages } from './page-images.ts';

/** Page visits for each page of the input: enough for healthy and damaged segments many times over, not for malice. */
const visitsPerPage = 24;
const spareVisits = 1000;
/** Bytes that are handed out for each byte of the input. In a real segment an overflow page belongs to one row. */
const maxHandedOut = 2;

/**
 * Puts together payloads that go on beyond their leaf page (https://sqlite.org/fileformat2.html § 1.7 "Cell Payload
 * Overflow Pages"). All its work together is bounded, whatever the pages say.
 */
export class OverflowChains {
  readonly #images: PageImages;
  #visits = 0;
  #handedOut = 0;
  #scratch = Buffer.alloc(0);

  constructor(images: PageImages) {
    this.#images = images;
  }

  /**
   * Tries paths through the page images, the likeliest first, until one gives the right payload.
   * @param isRight gets bytes that change with the next try
   * @returns memory of its own
   */
  find(cell: Cell, asOf: number, maxTries: number, isRight: (payload: Buffer) => boolean): Buffer | undefined {
    const needed = pagesNeeded(cell);
    // For each page of the path, which of its candidates is taken: counted through like an odometer's wheels.
    const choices: number[] = [];
    for (let tries = 0; tries < maxTries && this.#mayVisit(needed); tries++) {
      const path: PageImage[] = [];
      const widths: number[] = [];
      let number = cell.overflow;
      while (path.length < needed) {
        const candidates = this.#images.candidates(number, asOf);
        choices[path.length] ??= 0;
        const image = candidates[choices[path.length]!];
        if (image === undefined) break;
        path.push(image);
        widths.push(candidates.length);
        number = image.bytes.readUInt32BE(0);
      }
      this.#visits += path.length;
      if (path.length === needed) {
        const payload = this.#join(cell, path);
        if (isRight(payload)) return this.#handOut(payload);
      }
      choices.length = path.length;
      while (choices.length > 0 && choices.at(-1)! + 1 >= widths[choices.length - 1]!) choices.pop();
      if (choices.length === 0) return undefined;
      choices[choices.length - 1]!++;
    }
    return undefined;
  }

  /** The payload as a reader saw it then, for what has no checksum: no second guesses. */
  asOf(cell: Cell, asOf: number): { payload: Buffer; isProven: boolean } | undefined {
    const needed = pagesNeeded(cell);
    if (!this.#mayVisit(needed)) return undefined;
    const path: PageImage[] = [];
    for (let number = cell.overflow; path.length < needed; ) {
      this.#visits++;
      const image = this.#images.at(number, asOf);
      if (image === undefined) return undefined;
      path.push(image);
      number = image.bytes.readUInt32BE(0);
    }
    const payload = this.#handOut(this.#join(cell, path));
    return payload && { payload, isProven: path.every(({ trust }) => trust !== 'doubtful') };
  }

  #mayVisit(pages: number): boolean {
    const known = this.#images.all.length;
    return pages <= known && this.#visits + pages <= visitsPerPage * known + spareVisits;
  }

  #join({ local, payloadBytes }: Cell, path: readonly PageImage[]): Buffer {
    if (this.#scratch.length < payloadBytes) this.#scratch = Buffer.allocUnsafeSlow(payloadBytes);
    const payload = this.#scratch.subarray(0, payloadBytes);
    let at = local.copy(payload);
    // The last page is longer than what is left for it: copying ends with the target.
    for (const { bytes } of path) at += bytes.copy(payload, at, 4);
    return payload;
  }

  #handOut(payload: Buffer): Buffer | undefined {
    this.#handedOut += payload.length;
    if (this.#handedOut > maxHandedOut * this.#images.all.length * (overflowBytes + 4)) return undefined;
    const own = Buffer.allocUnsafeSlow(payload.length);
    payload.copy(own);
    return own;
  }
}

function pagesNeeded({ payloadBytes, local }: Cell): number {
  return Math.ceil((payloadBytes - local.length) / overflowBytes);
}
