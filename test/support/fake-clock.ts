import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';

/**
 * The wall clock of other processes, by libfaketime: it goes as the real one does, but is off by so much. Their monotonic
 * clocks are real.
 */
export class FakeClock {
  readonly #path: string;
  /** For the processes that are to have it. */
  readonly env: Readonly<Record<string, string>>;

  /** @param path of a file that says by how much it is off */
  constructor(path: string, aheadMs: number) {
    this.#path = path;
    this.set(aheadMs);
    this.env = {
      LD_PRELOAD: libraryPath(),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_TIMESTAMP_FILE: path,
      // Read anew for each look at the clock.
      FAKETIME_NO_CACHE: '1',
    };
  }

  /** Sets it, also while processes run by it: it jumps. */
  set(aheadMs: number): void {
    // Whole, or not at all: it is read all the time.
    writeFileSync(`${this.#path}.new`, `${aheadMs < 0 ? '-' : '+'}${Math.abs(aheadMs) / 1000}`);
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function libraryPath(): string {
  const path = execFileSync('faketime', ['-m', '-f', '+1s', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });
  return path.trim();
}
