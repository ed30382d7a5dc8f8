import type { DiskFaults, FaultyOperation } from './worker-protocol.ts';

/** The faults that a test has asked for, each at its time. */
export class SimulatedFaults {
  readonly #faults: DiskFaults;
  readonly #counts = new Map<string, number>();

  constructor(faults: DiskFaults) {
    this.#faults = faults;
  }

  /** Called before a write: blocks this thread as a slow fsync would. @throws as a full disk does, when it is time for that */
  beforeCommit(): void {
    const { commitDelayMs } = this.#faults;
    if (commitDelayMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, commitDelayMs);
    this.#count('commit');
    this.#fail(this.#faults.failCommits, 'commit', 'full', 'simulated: the disk is full');
  }

  /** Called behind a write. @throws as a failed fsync does, when it is time for that */
  afterCommit(): void {
    this.#fail(this.#faults.failCommits, 'commit', 'io', 'simulated: the fsync failed');
  }

  /** @throws as the disk does, when it is time for that */
  before(operation: FaultyOperation): void {
    this.#count(operation);
    const fail = this.#faults.fail?.[operation];
    this.#fail(fail, operation, fail?.kind ?? 'io', `simulated: ${operation} failed`);
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  #fail(fail: DiskFaults['failCommits'], what: string, kind: 'full' | 'io', message: string): void {
    const count = this.#counts.get(what) ?? 0;
    if (fail === undefined || (fail.kind ?? 'io') !== kind) return;
    if (count < fail.from || count >= fail.from + fail.count) return;
    throw Object.assign(new Error(message), { code: kind === 'full' ? 'SQLITE_FULL' : 'SQLITE_IOERR' });
  }
}
