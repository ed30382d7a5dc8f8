import { type Command, type CommandReport, isOpen } from '../core/command.ts';
import { HeadgateError } from '../core/errors.ts';
import type { CommandBook } from './command-book.ts';
import type { Entry } from './entry.ts';
import type { Reports } from './reports.ts';

/** What is known of a command, as far as the disk has it. */
export interface KnownCommand extends CommandReport {
  readonly name: string;
  /** Who gave it at this gateway; absent: the collector did. */
  readonly by?: string;
}

/** Commands of programs beside the gateway: the same ones, on the same way, as the collector's. */
export class LocalCommands {
  readonly #book: CommandBook;
  readonly #reports: Reports;
  readonly #take: (command: Command) => void;

  constructor(book: CommandBook, reports: Reports, take: (command: Command) => void) {
    this.#book = book;
    this.#reports = reports;
    this.#take = take;
  }

  /**
   * Takes a command in. Resolves when it is durable, to what is known of it: one that can't be carried out is `failed`, with
   * the reason. One that comes again with its id does nothing again.
   *
   * @throws {HeadgateError} request.conflict when another command has its id; buffer.failed
   */
  async send(command: Command): Promise<KnownCommand> {
    const known = this.#book.get(command.id);
    if (known === undefined) this.#take(command);
    else if (known.command.deviceId !== command.deviceId || known.command.name !== command.name) {
      throw new HeadgateError('request.conflict', `Another command has the id ${command.id} already.`);
    }
    await this.#reports.saved();
    return this.get(command.id) ?? this.#gone(command.id);
  }

  get(id: string): KnownCommand | undefined {
    const entry = this.#book.get(id);
    return entry && knownOf(entry);
  }

  /** A device's commands, the newest first. */
  ofDevice(deviceId: string): KnownCommand[] {
    const entries = this.#book.all().filter(({ command }) => command.deviceId === deviceId);
    return entries.sort((a, b) => b.number - a.number).flatMap((entry) => knownOf(entry) ?? []);
  }

  /** Tells of every change of a command, once it is durable. @returns what ends it */
  watch(listener: (command: KnownCommand) => void): () => void {
    return this.#reports.watch((entry) => {
      const known = knownOf(entry);
      if (known !== undefined) listener(known);
    });
  }

  /** Resolves when a command is over, or the signal says that nobody waits any more; to what is known of it then. */
  async over(id: string, signal: AbortSignal): Promise<KnownCommand | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (isOver(this.get(id))) resolve();
    };
    const end = this.watch(look);
    const leave = (): void => resolve();
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) resolve();
    look();
    await promise;
    signal.removeEventListener('abort', leave);
    end();
    return this.get(id);
  }

  #gone(id: string): never {
    throw new HeadgateError('command.unknown', `The command ${id} has been forgotten already.`);
  }
}

/** Nothing more will come of it, but for an answer that comes too late. */
function isOver(command: KnownCommand | undefined): boolean {
  return command === undefined || !isOpen(command.state);
}

function knownOf({ command, saved }: Entry): KnownCommand | undefined {
  const { name, by } = command;
  return saved && { ...saved, name, ...(by !== undefined && { by }) };
}
