import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
    sweep();
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

/** Where Debian puts it, whatever the architecture. */
function libraryPath(): string {
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'faketime', 'libfaketimeMT.so.1'));
  const path = folders.find((one) => existsSync(one));
  if (path === undefined) throw new Error('libfaketimeMT.so.1 is in no folder of /usr/lib: install faketime');
  return path;
}

const shared = '/dev/shm';

/** What a process that was killed leaves of libfaketime's, keeps the next process with the same id from starting. */
function sweep(): void {
  for (const name of readdirSync(shared)) {
    const pid = /^(?:sem\.)?faketime_s(?:em|hm)_(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(shared, name), { force: true });
  }
}
