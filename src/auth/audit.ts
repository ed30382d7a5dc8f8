import type { Shelf } from '../core/shelf.ts';
import type { Clock, UnixMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';

const space = 'auth.audit';
/** Mistakes of one kind from one place within this time are one entry with a count. */
const gatherMs = 60_000;
const maxText = 300;

/** Something that somebody did who may, or tried who may not. */
export interface AuditEntry {
  /** Counts up for ever. */
  readonly number: number;
  /** By the gateway's clock. */
  readonly at: UnixMs;
  /** Who: a principal's name, or what somebody called themselves. */
  readonly who: string;
  readonly kind: string;
  /** From where: an address, or `this machine`. */
  readonly from: string;
  /** What was done, such as `token.create`, `login` or `POST /api/v1/topics/adopt`. */
  readonly what: string;
  /** To whom or what. */
  readonly about?: string;
  /** `done`; `refused`: they may not, or it was the wrong password; `failed`: it went wrong. */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** How often, where it happened more than once within a minute. */
  readonly times: number;
}

export type AuditNote = Omit<AuditEntry, 'number' | 'at' | 'times'>;

export interface AuditDependencies {
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly maxEntries: number;
  readonly log: Log;
}

/**
 * What administrators did and what was refused: bounded, and durable together with what it tells of. A disk that refuses makes no note fail:
 * it is here and in the log, is told with `isStored: false`, and is on disk as soon as that takes it.
 */
export class AuditLog {
  readonly #deps: AuditDependencies;
  #entries: AuditEntry[] = [];
  #next = 1;

  constructor(deps: AuditDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(): Promise<void> {
    const found: AuditEntry[] = [];
    for (const [, value] of await this.#deps.shelf.entries(space)) {
      const entry = entryIn(value);
      if (entry !== undefined) found.push(entry);
    }
    this.#entries = found.sort((a, b) => a.number - b.number);
    this.#next = (this.#entries.at(-1)?.number ?? 0) + 1;
    this.#cut();
  }

  /**
   * Notes something; durable with the next `saved` of the shelf, and within a second by itself.
   * @returns to be called when it was not done after all, as the disk refused it
   */
  note(note: AuditNote): () => void {
    const { clock, log } = this.#deps;
    const at = clock.now();
    const said = shortened(note);
    const last = said.outcome === 'refused' ? this.#lastAlike(said, at) : undefined;
    if (last !== undefined) {
      // Thousands of mistakes are not thousands of writes: the shelf takes the last one of a second.
      this.#set(last, { ...this.#entries[last]!, times: this.#entries[last]!.times + 1 });
      return () => {};
    }
    const number = this.#next++;
    this.#set(this.#entries.length, { number, at, ...said, times: 1 });
    this.#cut();
    const level = said.outcome === 'done' ? 'info' : 'warn';
    log[level]({ ...said }, said.outcome === 'done' ? 'An administrator changed something.' : 'Somebody was refused.');
    return () => {
      log.warn({ ...said, outcome: 'failed' }, 'The disk refused what an administrator changed: it is as it was.');
      const index = this.#entries.findIndex((entry) => entry.number === number);
      if (index >= 0) this.#set(index, { ...this.#entries[index]!, outcome: 'failed' });
    };
  }

  /** Has the disk take what it has not yet: what {@link isStored} then says no to, it refuses. */
  async settle(): Promise<void> {
    await this.#deps.shelf.saved().catch(() => {
      // That is what is told of them.
    });
  }

  /** Whether an entry is on disk as it is: else it is known to this run and its log alone. */
  isStored(entry: AuditEntry): boolean {
    return this.#deps.shelf.isSaved(space, keyOf(entry));
  }

  /** The newest entries, newest first. @param before only those with a lower number */
  newest(limit: number, before = Number.POSITIVE_INFINITY): readonly AuditEntry[] {
    const end = this.#entries.findLastIndex((entry) => entry.number < before) + 1;
    return this.#entries.slice(Math.max(0, end - limit), end).reverse();
  }

  #set(index: number, entry: AuditEntry): void {
    this.#entries[index] = entry;
    this.#deps.shelf.put(space, keyOf(entry), Buffer.from(JSON.stringify(entry)));
  }

  /** Among the newest: many places that try together make an entry each. */
  #lastAlike(said: AuditNote, at: UnixMs): number | undefined {
    for (let i = this.#entries.length - 1; i >= Math.max(0, this.#entries.length - 100); i--) {
      const { who, from, what, outcome, at: then } = this.#entries[i]!;
      const isAlike = who === said.who && from === said.from && what === said.what && outcome === said.outcome;
      if (isAlike && Math.abs(at - then) < gatherMs) return i;
    }
    return undefined;
  }

  #cut(): void {
    while (this.#entries.length > this.#deps.maxEntries) {
      // Nobody can push out what administrators did by being refused often enough.
      const isRefused = ({ outcome }: AuditEntry): boolean => outcome === 'refused';
      const refused = this.#entries.filter(isRefused).length;
      const at = refused * 2 > this.#entries.length ? this.#entries.findIndex(isRefused) : 0;
      const [gone] = this.#entries.splice(at, 1);
      this.#deps.shelf.delete(space, keyOf(gone!));
    }
  }
}

function keyOf({ number }: AuditEntry): string {
  return String(number).padStart(12, '0');
}

/** What comes from outside is cut. */
function shortened(note: AuditNote): AuditNote {
  const entries = Object.entries(note).map(([key, value]) => [key, String(value).slice(0, maxText)]);
  return Object.fromEntries(entries) as AuditNote;
}

function entryIn(value: Uint8Array): AuditEntry | undefined {
  try {
    const entry = JSON.parse(Buffer.from(value).toString()) as AuditEntry;
    return Number.isSafeInteger(entry.number) ? entry : undefined;
  } catch {
    // No JSON: nothing can be said of it.
    return undefined;
  }
}
