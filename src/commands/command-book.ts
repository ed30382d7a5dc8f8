import type { Command } from '../core/command.ts';
import type { Priority } from '../core/priority.ts';
import type { Shelf } from '../core/shelf.ts';
import { isSettled, type Now } from './command-state.ts';
import { decodeEntry, type Entry, encodeEntry } from './entry.ts';
import type { CommandsOptions } from './options.ts';

/** Where on the shelf they lie, by id. The name means the same for ever. */
const space = 'commands.entries';

const nothing = new Uint8Array();

const rank: Readonly<Record<Priority, number>> = { critical: 0, normal: 1, bulk: 2 };

/** All commands that are known here, in memory and on the shelf, within limits. */
export class CommandBook {
  readonly #shelf: Shelf;
  readonly #limits: CommandsOptions;
  readonly #byId = new Map<string, Entry>();
  /** Those that are not over. */
  readonly #open = new Set<Entry>();
  /** Those whose last change the collector does not have. */
  readonly #unconfirmed = new Set<Entry>();
  #openBytes = 0;
  #nextNumber = 1;

  constructor(shelf: Shelf, limits: CommandsOptions) {
    this.#shelf = shelf;
    this.#limits = limits;
  }

  /** @returns how many entries could not be read. @throws {HeadgateError} buffer.failed */
  async load(): Promise<number> {
    let unreadable = 0;
    for (const [, bytes] of await this.#shelf.entries(space)) {
      const entry = decodeEntry(bytes);
      if (entry === undefined) unreadable++;
      else {
        this.#byId.set(entry.command.id, entry);
        this.#nextNumber = Math.max(this.#nextNumber, entry.number + 1);
        this.#index(entry);
      }
    }
    return unreadable;
  }

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  /** Every one that is known. */
  all(): Entry[] {
    return [...this.#byId.values()];
  }

  /** More is remembered than may be: {@link forget} is due. */
  get isOverfull(): boolean {
    return this.#byId.size > this.#limits.maxRemembered + this.#limits.maxQueued;
  }

  /** Those that are not over: the urgent first, then in the order in which they came. */
  open(): Entry[] {
    return [...this.#open].sort((a, b) => rank[a.command.priority] - rank[b.command.priority] || a.number - b.number);
  }

  unconfirmed(): Entry[] {
    return [...this.#unconfirmed].sort((a, b) => a.number - b.number);
  }

  /** Why there is no room for one more command; undefined when there is. */
  refusal({ payload }: Command): string | undefined {
    const { maxQueued, maxQueuedBytes } = this.#limits;
    if (this.#open.size >= maxQueued) return `${maxQueued} commands wait at the gateway already (commands.maxQueued)`;
    if (this.#openBytes + payload.length <= maxQueuedBytes) return undefined;
    return `the commands that wait at the gateway would take more than ${maxQueuedBytes} bytes (commands.maxQueuedBytes)`;
  }

  /** Takes a new command in. It is on the shelf with the next `put`. */
  add(command: Command, state: Entry['state'], now: Now): Entry {
    const entry: Entry = {
      command,
      number: this.#nextNumber++,
      receivedMs: now.operatingMs,
      state,
      revision: 1,
      changedMs: now.operatingMs,
      at: now.wallMs,
      confirmed: 0,
      saved: undefined,
      reportedMs: undefined,
    };
    this.#byId.set(command.id, entry);
    this.put(entry);
    return entry;
  }

  /** Notes what has changed in an entry. */
  put(entry: Entry): void {
    this.#unindex(entry);
    if (isSettled(entry.state)) entry.command = { ...entry.command, payload: nothing };
    this.#index(entry);
    this.#shelf.put(space, entry.command.id, encodeEntry(entry));
  }

  /** Forgets those that have been over for long enough, and the oldest beyond what may be remembered. */
  forget(operatingMs: number): void {
    const { rememberFor, maxRemembered } = this.#limits;
    const isDue = (entry: Entry): boolean =>
      !this.#unconfirmed.has(entry) && entry.changedMs + rememberFor <= operatingMs;
    const over = [...this.#byId.values()].filter((entry) => !this.#open.has(entry));
    for (const entry of over) if (isDue(entry)) this.#delete(entry);
    let excess = over.filter(({ command }) => this.#byId.has(command.id)).length - maxRemembered;
    if (excess <= 0) return;
    // What the collector does not know yet goes last.
    const oldest = over
      .filter(({ command }) => this.#byId.has(command.id))
      .sort((a, b) => Number(this.#unconfirmed.has(a)) - Number(this.#unconfirmed.has(b)) || a.changedMs - b.changedMs);
    for (const entry of oldest) {
      if (excess-- <= 0) return;
      this.#delete(entry);
    }
  }

  #delete(entry: Entry): void {
    this.#unindex(entry);
    this.#unconfirmed.delete(entry);
    this.#byId.delete(entry.command.id);
    this.#shelf.delete(space, entry.command.id);
  }

  #index(entry: Entry): void {
    if (!isSettled(entry.state)) {
      this.#open.add(entry);
      this.#openBytes += entry.command.payload.length;
    }
    if (entry.confirmed < entry.revision) this.#unconfirmed.add(entry);
    else this.#unconfirmed.delete(entry);
  }

  #unindex(entry: Entry): void {
    if (this.#open.delete(entry)) this.#openBytes -= entry.command.payload.length;
  }
}
