import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { messageOf } from '../core/errors.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Reading } from './belief.ts';
import type { ClockOptions } from './options.ts';

/** The machine's own clocks. */
export interface Machine {
  /** Names this boot. */
  readonly boot: string;
  /** See {@link MonotonicMs}. */
  readonly monotonic: () => MonotonicMs;
  /** Its clocks, read together. */
  read(): Omit<Reading, 'isSynchronised'>;
  isSynchronised(): boolean;
}

/** What the usual services touch while they keep the clock right. Chrony's is not for everybody to see. */
const usualFiles = [
  '/run/systemd/timesync/synchronized',
  '/var/lib/chrony/chrony.drift',
  '/var/lib/chrony/drift',
  '/var/lib/ntpsec/ntp.drift',
  '/var/lib/ntp/ntp.drift',
];
const bootIdPath = '/proc/sys/kernel/random/boot_id';
/** Every service touches one of its files at least once an hour while it keeps the clock right. */
const maxSilenceMs = 3 * 3_600_000;
/** A clock that was just set back by a little may be behind the file. */
const slackMs = 5_000;
/** Less is the coarseness of the uptime, not sleep. */
const leastSleepMs = 1_000;
/** Between two of its clocks nothing else may have happened. */
const maxReadMs = 2;

/**
 * Linux. `process.hrtime` counts from boot for all processes alike, but stands still while the machine sleeps; the uptime
 * goes on, but is coarse.
 */
export class LinuxMachine implements Machine {
  readonly boot: string;
  readonly monotonic = (): MonotonicMs => performance.now();
  readonly #synchronisedFiles: readonly string[];
  readonly #isAlwaysRight: boolean;
  /** Time since boot minus monotonic time. */
  readonly #baseMs: number;
  #sleptMs = 0;

  constructor({ synchronisedFile, trustSystem }: ClockOptions) {
    this.#synchronisedFiles = synchronisedFile === undefined ? usualFiles : [synchronisedFile];
    this.#isAlwaysRight = trustSystem;
    this.boot = bootId();
    this.#baseMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  }

  read(): Omit<Reading, 'isSynchronised'> {
    const sleptMs = uptime() * 1000 - this.#awakeMs();
    if (Math.abs(sleptMs - this.#sleptMs) >= leastSleepMs) this.#sleptMs = sleptMs;
    let before: number;
    let systemMs: number;
    let after: number;
    // A process that was put aside in between would see a jump.
    let tries = 5;
    do {
      before = this.#awakeMs();
      systemMs = Date.now();
      after = this.#awakeMs();
    } while (after - before > maxReadMs && --tries > 0);
    return { bootMs: before + this.#sleptMs, systemMs };
  }

  /**
   * A file counts when it was touched lately, but not before this boot, by the clock that it speaks for. So a clock that is
   * set to another time by hand is not called right because it once was.
   */
  isSynchronised(): boolean {
    if (this.#isAlwaysRight) return true;
    const now = Date.now();
    const earliest = Math.max(now - maxSilenceMs, now - uptime() * 1000);
    return this.#synchronisedFiles.some((path) => {
      const touchedMs = touchedAt(path);
      return touchedMs !== undefined && touchedMs >= earliest && touchedMs <= now + slackMs;
    });
  }

  #awakeMs(): number {
    return performance.now() + this.#baseMs;
  }
}

function touchedAt(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  } catch {
    // A directory that is not for everybody, as chrony's: then it is not known, and the clock counts as estimated.
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync(bootIdPath, 'utf8').trim();
  } catch (error) {
    // Not Linux, or a sandbox that hides it: what is learnt then holds for this run only.
    return `run-${randomUUID()} (${messageOf(error)})`;
  }
}
