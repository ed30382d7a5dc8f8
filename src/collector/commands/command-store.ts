import { HeadgateError, messageOf } from '../../core/errors.ts';
import type { UnixMs } from '../../core/time.ts';
import type { Log } from '../../lib/log.ts';
import { unixMsOf } from '../../wire/timestamp.ts';
import { keyOf, partsOf, type StateStore } from '../state-store.ts';
import { decodeStored, encodeStored, isSettled, type StoredCommand } from './stored-command.ts';

const space = 'command';
/** Others change it too, but not for ever. */
const maxAttempts = 20;

/** What is known in memory of a command that is under way. */
interface Open {
  /** Undefined: none, or its gateway has it. */
  readonly expiresAt: UnixMs | undefined;
}

/** Told of a command that has changed; undefined: it is forgotten. */
type Listener = (gateway: string, id: string, stored: StoredCommand | undefined) => void;

/** Commands in the collectors' state, and which of them are under way. */
export class CommandStore {
  readonly #state: StateStore;
  readonly #log: Log;
  readonly #open = new Map<string, Map<string, Open>>();
  readonly #listeners = new Set<Listener>();
  #stopWatching: (() => void) | undefined;
  #isLoaded = false;

  constructor(state: StateStore, log: Log) {
    this.#state = state;
    this.#log = log;
  }

  start(): void {
    this.#stopWatching = this.#state.watch(space, (key, value) => this.#changed(key, value));
  }

  close(): void {
    this.#stopWatching?.();
    this.#listeners.clear();
  }

  /** Learns what is under way, unless it knows. @throws HeadgateError `sink.failed` */
  async load(): Promise<void> {
    if (this.#isLoaded) return;
    for (const { key, value } of await this.#state.list(space)) this.#note(key, this.#read(key, value));
    this.#isLoaded = true;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How many of a gateway's commands are under way. */
  openCount(gateway: string): number {
    return this.#open.get(gateway)?.size ?? 0;
  }

  /** Those whose time is over, and that their gateways have not taken. */
  overdue(now: UnixMs): { readonly gateway: string; readonly id: string }[] {
    const found: { gateway: string; id: string }[] = [];
    for (const [gateway, commands] of this.#open) {
      for (const [id, { expiresAt }] of commands)
        if (expiresAt !== undefined && expiresAt <= now) found.push({ gateway, id });
    }
    return found;
  }

  async get(gateway: string, id: string): Promise<StoredCommand | undefined> {
    const key = keyOf(space, gateway, id);
    const entry = await this.#state.get(key);
    return entry && this.#read(key, entry.value);
  }

  /** A gateway's commands that are under way. */
  async openOf(gateway: string): Promise<StoredCommand[]> {
    await this.load();
    if (this.openCount(gateway) === 0) return [];
    const entries = await this.#state.list(keyOf(space, gateway));
    return entries.flatMap(({ key, value }) => {
      const stored = this.#read(key, value);
      return stored === undefined || isSettled(stored) ? [] : [stored];
    });
  }

  /** @returns false, and nothing is changed, when its id is known already */
  async add(gateway: string, stored: StoredCommand): Promise<boolean> {
    const key = keyOf(space, gateway, stored.command.id);
    return (await this.#state.put(key, encodeStored(stored), 0)) !== undefined;
  }

  /**
   * Changes a command durably.
   *
   * @param change what becomes of it; undefined: it stays as it is. Asked again when somebody else was faster
   * @returns what is durable now; undefined when there is no such command
   */
  async change(
    gateway: string,
    id: string,
    change: (stored: StoredCommand) => StoredCommand | undefined,
  ): Promise<StoredCommand | undefined> {
    const key = keyOf(space, gateway, id);
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const entry = await this.#state.get(key);
      const stored = entry && this.#read(key, entry.value);
      if (entry === undefined || stored === undefined) return undefined;
      const changed = change(stored);
      if (changed === undefined) return stored;
      if ((await this.#state.put(key, encodeStored(changed), entry.revision)) !== undefined) return changed;
    }
    throw new HeadgateError('sink.failed', `The state of command ${id} is changed all the time by somebody else.`);
  }

  /** Forgets commands that have been over since before `before`. @returns how many */
  async clean(before: UnixMs): Promise<number> {
    let count = 0;
    for (const { key, value, revision } of await this.#state.list(space)) {
      const stored = this.#read(key, value);
      if (stored === undefined || !isForgettable(stored, before)) continue;
      if (await this.#state.delete(key, revision)) count++;
    }
    return count;
  }

  #changed(key: string, value: Uint8Array | undefined): void {
    const stored = value && this.#read(key, value);
    this.#note(key, stored);
    const [gateway = '', id = ''] = partsOf(key);
    for (const listener of [...this.#listeners]) listener(gateway, id, stored);
  }

  #note(key: string, stored: StoredCommand | undefined): void {
    const [gateway = '', id = ''] = partsOf(key);
    const commands = this.#open.get(gateway) ?? new Map<string, Open>();
    if (stored === undefined || isSettled(stored)) commands.delete(id);
    else {
      const { expiresAt } = stored.command;
      commands.set(id, {
        expiresAt: stored.update !== undefined || expiresAt === undefined ? undefined : unixMsOf(expiresAt),
      });
    }
    if (commands.size === 0) this.#open.delete(gateway);
    else this.#open.set(gateway, commands);
  }

  #read(key: string, value: Uint8Array): StoredCommand | undefined {
    try {
      return decodeStored(value);
    } catch (error) {
      this.#log.warn({ key, reason: messageOf(error) }, 'A command that is remembered can not be read.');
      return undefined;
    }
  }
}

/** Over for long enough; or its time is, and nothing was heard of it since. */
function isForgettable(stored: StoredCommand, before: UnixMs): boolean {
  if (isSettled(stored)) return stored.changedAt < before;
  const { expiresAt } = stored.command;
  return expiresAt !== undefined && Math.max(unixMsOf(expiresAt), stored.changedAt) < before;
}
