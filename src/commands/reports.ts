import type { CommandReport } from '../core/command.ts';
import { messageOf } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import type { Log } from '../lib/log.ts';
import { type Entry, reportOf } from './entry.ts';

/** What the collector has not confirmed for so long on one connection is told again. */
const repeatMs = 30_000;

/** Does things once what they rest on is durable, and tells the collector of nothing that is not. */
export class Reports {
  readonly #shelf: Shelf;
  readonly #operatingMs: () => number;
  readonly #log: Log;
  #report: ((report: CommandReport) => void) | undefined;
  #connections = 0;
  /** What is to be done once the disk, which has refused, takes what it was given. */
  #waiting: (() => void)[] = [];
  readonly #listeners = new Set<(entry: Entry) => void>();

  constructor(shelf: Shelf, operatingMs: () => number, log: Log) {
    this.#shelf = shelf;
    this.#operatingMs = operatingMs;
    this.#log = log;
  }

  /** How many connections there have been; the one that stands is the last. */
  get connections(): number {
    return this.#connections;
  }

  connected(report: (report: CommandReport) => void): void {
    this.#report = report;
    this.#connections++;
  }

  disconnected(): void {
    this.#report = undefined;
  }

  /** Tells of a change once it is durable: of the one that was made, whatever has come since. */
  changed(entry: Entry): void {
    const report = reportOf(entry);
    this.whenSaved(() => {
      if ((entry.saved?.revision ?? 0) < report.revision) entry.saved = report;
      this.tell(entry);
      for (const listener of this.#listeners) listener(entry);
    });
  }

  /** Tells of every change, once it is durable. @returns what ends it */
  watch(listener: (entry: Entry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when all that was put on the shelf so far is durable. @throws {HeadgateError} buffer.failed */
  saved(): Promise<void> {
    return this.#shelf.saved();
  }

  /** Tells what the disk has of it. */
  tell(entry: Entry): void {
    if (this.#report === undefined || entry.saved === undefined) return;
    entry.reportedMs = this.#operatingMs();
    this.#report(entry.saved);
  }

  /** Tells again what has been told and not confirmed for long. */
  repeat(unconfirmed: readonly Entry[]): void {
    const now = this.#operatingMs();
    for (const entry of unconfirmed) if ((entry.reportedMs ?? now) + repeatMs <= now) this.tell(entry);
  }

  /** Does it when all that was put on the shelf so far is durable. When the disk refuses, that is tried by `retry`. */
  whenSaved(then: () => void): void {
    this.#shelf.saved().then(then, (error) => {
      if (this.#waiting.length === 0)
        this.#log.error({ reason: messageOf(error) }, 'Commands wait: the disk does not take what is to be noted.');
      this.#waiting.push(then);
    });
  }

  retry(): void {
    const again = this.#waiting.splice(0);
    if (again.length === 0) return;
    this.whenSaved(() => {
      for (const then of again) then();
    });
  }
}
