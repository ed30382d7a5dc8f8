/** Where lines go. */
interface Lines {
  write(line: string): void;
}

/** A line of the log, as it was written: one JSON object without secrets. */
export interface LogLine {
  /** Counts the lines of this run, from 1. */
  readonly number: number;
  readonly text: string;
}

const maxLines = 1_000;
const maxBytes = 512 * 1024;
const maxLineBytes = 16 * 1024;

/** The newest lines of the log, for whoever can't read where they go. */
export class LogTail {
  #lines: LogLine[] = [];
  #bytes = 0;
  #last = 0;
  readonly #listeners = new Set<() => void>();

  /** Passes lines on, and keeps them. */
  tee(stream: Lines): Lines {
    return {
      write: (line) => {
        stream.write(line);
        this.#keep(line);
      },
    };
  }

  /** The number of the newest line; 0: none was written yet. */
  get last(): number {
    return this.#last;
  }

  /** Lines after a number that are still there, the oldest first. */
  after(number: number): readonly LogLine[] {
    return this.#lines.filter((line) => line.number > number);
  }

  /** Calls whenever there is a new line. @returns what ends it */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(line: string): void {
    const text = line.trimEnd();
    this.#last++;
    // What is left of a longer one would be no JSON.
    if (text.length <= maxLineBytes) {
      this.#lines.push({ number: this.#last, text });
      this.#bytes += text.length;
      let gone = 0;
      while (this.#lines.length - gone > maxLines || this.#bytes > maxBytes)
        this.#bytes -= this.#lines[gone++]!.text.length;
      if (gone > 0) this.#lines = this.#lines.slice(gone);
    }
    for (const listener of this.#listeners) listener();
  }
}
