const chunkBytes = 1 << 20;
/** Text is encoded in pieces of this many characters: small enough that the memory of its parts is soon free again. */
const pieceLength = 8192;

/** Collects lines as UTF-8, ready to be written. Its memory is used again for the next group. */
export class LineBuffer {
  readonly #chunks: Buffer[] = [];
  /** Bytes in each chunk. */
  readonly #used: number[] = [];
  #text = '';

  /** @param line with its line break */
  add(line: string): void {
    this.#text += line;
    if (this.#text.length >= pieceLength) this.#encode();
  }

  /** All lines since the last {@link clear}, in order. They hold until then. */
  take(): Buffer[] {
    this.#encode();
    return this.#used.map((used, i) => this.#chunks[i]!.subarray(0, used));
  }

  clear(): void {
    this.#text = '';
    this.#used.length = 0;
    // After a burst, what was needed only for it goes.
    if (this.#chunks.length > 16) this.#chunks.length = 16;
  }

  #encode(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    // A UTF-16 unit takes three bytes at the most.
    const room = text.length * 3;
    let at = this.#used.length - 1;
    if (at < 0 || this.#chunks[at]!.length - this.#used[at]! < room) {
      at++;
      const chunk = this.#chunks[at];
      if (chunk === undefined || chunk.length < room)
        this.#chunks[at] = Buffer.allocUnsafeSlow(Math.max(chunkBytes, room));
      this.#used[at] = 0;
    }
    this.#used[at]! += this.#chunks[at]!.write(text, this.#used[at]!);
  }
}
