import { type Command, type CommandDesk, type CommandReport, commandIdPattern, type Handed } from '../core/command.ts';
import { messageOf } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import type { UnixMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { keptAnswer, readAnswer } from './answer.ts';
import { Carriers, type CommandCarrier } from './carriers.ts';
import { CommandBook } from './command-book.ts';
import { type CommandInput, type Now, step, timeLeft } from './command-state.ts';
import { revisionLeap, takeCopied } from './copied.ts';
import { type Entry, reported, termsOf } from './entry.ts';
import { LocalCommands } from './local-commands.ts';
import type { CommandsOptions } from './options.ts';
import { Reports } from './reports.ts';
import type { CommandsStatus } from './status.ts';
import { type RemoteConfig, Trial } from './trial.ts';

export interface CommandsDependencies {
  readonly options: CommandsOptions;
  readonly shelf: Shelf;
  /** The ways to devices: of those that reach one, the first takes its commands. */
  readonly carriers: readonly CommandCarrier[];
  /** Why a device would not understand a command, by its profile; undefined when it would, or has none. */
  readonly check: (deviceId: string, name: string, payload: Uint8Array) => string | undefined;
  readonly remote: RemoteConfig;
  /** Gives the uplink's connection up and makes a new one at once. */
  readonly redial: () => void;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => number;
  /** The wall clock; undefined while nobody has set it. */
  readonly wallMs: () => UnixMs | undefined;
  readonly log: Log;
}

const tickMs = 1_000;
/** How many commands one device may have without an answer. */
const maxSentPerDevice = 16;
/** How often it is looked for ids that need not be remembered any more. */
const forgetMs = 60_000;

/**
 * Commands, of the collector and of programs beside the gateway, on their way to devices, and what became of them on its way back.
 *
 * Every change of a command is durable before anybody is told of it, and that it is handed over is noted before it is: a
 * device gets a command at most once, whatever dies. The price is `unknown`, for one that died in between.
 */
export class Commands implements Service, CommandDesk {
  readonly name = 'commands';
  readonly #deps: CommandsDependencies;
  readonly #carrier: CommandCarrier;
  readonly #book: CommandBook;
  readonly #trial: Trial;
  readonly #reports: Reports;
  /** For programs beside the gateway. */
  readonly local: LocalCommands;
  readonly #total = { queued: 0, sent: 0, acknowledged: 0, failed: 0, expired: 0, unknown: 0 };
  #strayAnswers = 0;
  #timer: NodeJS.Timeout | undefined;
  #forgetAtMs = 0;
  #isTryingDevices = false;

  constructor(deps: CommandsDependencies) {
    this.#deps = deps;
    this.#carrier = new Carriers(deps.carriers);
    this.#book = new CommandBook(deps.shelf, deps.options);
    this.#trial = new Trial(deps);
    this.#reports = new Reports(deps.shelf, deps.operatingMs, deps.log);
    this.local = new LocalCommands(this.#book, this.#reports, (command) => this.take(command));
  }

  /** Takes up what the last run left. @throws {HeadgateError} buffer.failed */
  async start(): Promise<void> {
    const unreadable = await this.#book.load();
    if (unreadable > 0) this.#deps.log.warn({ entries: unreadable }, 'Some commands could not be read: they are lost.');
    if (await takeCopied(this.#deps.shelf))
      for (const entry of this.#book.open()) this.#input(entry, { name: 'copied' });
    await this.#trial.load((id) => this.#book.get(id)?.state.name === 'sent');
    if (this.#trial.commandId !== undefined) this.#beginTrial();
    for (const entry of this.#book.open()) {
      if (entry.command.deviceId !== '' || entry.state.name !== 'sent' || entry === this.#entryOnTrial) continue;
      const reason = 'what was noted of its trial could not be read';
      this.#input(entry, { name: 'refused', reason });
    }
    this.#timer = setInterval(() => this.tick(), tickMs).unref();
    this.tick();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#deps.shelf.saved().catch((error) => {
      this.#deps.log.warn({ reason: messageOf(error) }, 'The last changes of commands are not on disk.');
    });
  }

  status(): CommandsStatus {
    const open = this.#book.open();
    const sent = open.filter(({ state }) => state.name === 'sent').length;
    const overlay = this.#deps.remote.overlay() === '' ? 'none' : 'holds';
    return {
      queued: open.length - sent,
      sent,
      total: { ...this.#total },
      strayAnswers: this.#strayAnswers,
      remoteConfig: this.#trial.commandId === undefined ? overlay : 'trial',
    };
  }

  take(command: Command): void {
    const known = this.#book.get(command.id);
    if (known !== undefined) {
      // The collector would not ask if it knew what became of it.
      this.#reports.tell(known);
      return;
    }
    const now = this.#now();
    const refusal = this.#refusalOf(command);
    const state = refusal === undefined ? { name: 'queued' as const } : { name: 'failed' as const, reason: refusal };
    const entry = this.#book.add(command, state, now);
    this.#changed(entry);
    this.#input(entry, { name: 'time' });
    this.#handOver();
  }

  connected(report: (report: CommandReport) => void): void {
    this.#reports.connected(report);
    for (const entry of this.#book.unconfirmed()) this.#reports.tell(entry);
    // Its confirmation is what proves that the collector can be reached.
    const trial = this.#entryOnTrial;
    if (trial !== undefined && trial.confirmed === trial.revision) this.#reports.tell(trial);
  }

  disconnected(): void {
    this.#reports.disconnected();
  }

  confirmed(id: string, revision: number): void {
    const entry = this.#book.get(id);
    if (entry === undefined || revision > entry.revision) return;
    if (revision > entry.confirmed) {
      entry.confirmed = revision;
      if (revision === entry.revision) reported(entry);
      this.#book.put(entry);
    }
    if (entry !== this.#entryOnTrial || revision !== entry.revision) return;
    if (!this.#trial.isProvedOn(this.#reports.connections)) return;
    this.#trial.keep();
    this.#input(entry, { name: 'answered', answer: { outcome: 'ok' } });
    this.#handOver();
  }

  /** A device may be there that was not: what waits for it goes now. */
  devicesChanged(): void {
    if (this.#isTryingDevices) return;
    this.#isTryingDevices = true;
    // Its subscription is to be answered first.
    setImmediate(() => {
      this.#isTryingDevices = false;
      this.#handOver();
    });
  }

  /**
   * A device has answered. Resolves when that is durable.
   * @throws {HeadgateError} buffer.failed when the disk refuses it: the device is to say it again
   */
  async answered(deviceId: string, commandId: string, payload: Uint8Array): Promise<void> {
    const entry = this.#book.get(commandId);
    if (entry === undefined || entry.command.deviceId !== deviceId || deviceId === '') {
      this.#strayAnswers++;
      this.#deps.log.debug({ device: deviceId, command: commandId }, 'An answer came to a command that is not known.');
      return;
    }
    this.#input(entry, { name: 'answered', answer: readAnswer(payload) });
    this.#handOver();
    await this.#deps.shelf.saved();
  }

  get #entryOnTrial(): Entry | undefined {
    const id = this.#trial.commandId;
    return id === undefined ? undefined : this.#book.get(id);
  }

  #now(): Now {
    return { operatingMs: this.#deps.operatingMs(), wallMs: this.#deps.wallMs() };
  }

  #refusalOf(command: Command): string | undefined {
    const { id, deviceId, name, payload } = command;
    const { check } = this.#deps;
    if (!commandIdPattern.test(id)) return 'its id is not 1 to 64 letters, digits, - and _';
    // What can never be comes first: no room is a matter of time.
    const never = deviceId === '' ? undefined : (this.#carrier.obstacle(deviceId) ?? check(deviceId, name, payload));
    return never ?? this.#book.refusal(command);
  }

  /** Hands over what can be, the urgent first. */
  #handOver(): void {
    const open = this.#book.open();
    const sent = new Map<string, number>();
    for (const { command, state } of open) {
      if (state.name === 'sent') sent.set(command.deviceId, (sent.get(command.deviceId) ?? 0) + 1);
    }
    for (const entry of open) {
      const { command } = entry;
      if (entry.state.name !== 'queued' || command.deviceId === '') continue;
      const underWay = sent.get(command.deviceId) ?? 0;
      if (underWay >= maxSentPerDevice || !this.#carrier.reaches(command.deviceId, underWay)) continue;
      if (!this.#input(entry, { name: 'hand-over' }) || (entry.state.name as string) !== 'sent') continue;
      sent.set(command.deviceId, underWay + 1);
      this.#reports.whenSaved(() => this.#deliver(entry));
    }
    this.#tryOwn(open);
  }

  /** One change of the gateway itself at a time. */
  #tryOwn(open: readonly Entry[]): void {
    for (const entry of open) {
      if (this.#trial.commandId !== undefined) return;
      if (entry.command.deviceId !== '' || entry.state.name !== 'queued') continue;
      if (this.#input(entry, { name: 'time' })) continue;
      const reason = this.#trial.prepare(entry.command);
      this.#input(entry, reason === undefined ? { name: 'hand-over' } : { name: 'refused', reason });
      if (reason === undefined) this.#reports.whenSaved(() => this.#beginTrial());
    }
  }

  #beginTrial(): void {
    const entry = this.#entryOnTrial;
    const reason = this.#trial.begin(this.#reports.connections);
    if (reason !== undefined && entry !== undefined) this.#takeBack(entry, reason);
  }

  #takeBack(entry: Entry, reason: string): void {
    if (!this.#trial.takeBack(reason)) return;
    this.#input(entry, { name: 'answered', answer: { outcome: 'failed', reason } });
    this.#handOver();
  }

  async #deliver(entry: Entry): Promise<void> {
    const { command, state } = entry;
    // It was noted a disk's time ago.
    if (state.name !== 'sent') return;
    const withinMs = timeLeft(termsOf(entry, this.#deps.options.answerTimeout), this.#now());
    let handed: Handed = false;
    try {
      if (withinMs > 0) handed = await this.#carrier.deliver(command, withinMs);
    } catch (error) {
      this.#deps.log.warn(
        { command: command.id, device: command.deviceId, reason: messageOf(error) },
        'A command may not have reached its device: its answer will tell.',
      );
      return;
    }
    if (handed === true) return;
    if (handed === false) this.#input(entry, { name: 'not-handed-over' });
    else if (handed.outcome === 'unanswered') this.#input(entry, { name: 'unanswered' });
    else this.#input(entry, { name: 'answered', answer: keptAnswer(handed) });
    // Whoever has answered may be told the next thing.
    if (handed !== false) this.#handOver();
  }

  /** Does what is due; called once a second. */
  tick(): void {
    this.#reports.retry();
    const { operatingMs } = this.#now();
    for (const entry of this.#book.open()) this.#input(entry, { name: 'time' });
    const trial = this.#entryOnTrial;
    if (trial?.state.name === 'sent') {
      const { confirmWithin } = this.#deps.options;
      if (operatingMs >= trial.state.atMs + confirmWithin)
        this.#takeBack(trial, `the uplink was not live again within ${Math.round(confirmWithin / 1000)} s`);
    }
    this.#reports.repeat(this.#book.unconfirmed());
    if (operatingMs >= this.#forgetAtMs || this.#book.isOverfull) {
      this.#book.forget(operatingMs);
      this.#forgetAtMs = operatingMs + forgetMs;
    }
    this.#handOver();
  }

  /** @returns whether it changed anything */
  #input(entry: Entry, input: CommandInput): boolean {
    const now = this.#now();
    const state = step(entry.state, input, termsOf(entry, this.#deps.options.answerTimeout), now);
    if (state === entry.state) return false;
    entry.state = state;
    entry.revision += input.name === 'copied' ? revisionLeap : 1;
    entry.changedMs = now.operatingMs;
    entry.at = now.wallMs;
    this.#book.put(entry);
    this.#changed(entry);
    return true;
  }

  #changed(entry: Entry): void {
    this.#total[entry.state.name]++;
    this.#reports.changed(entry);
  }
}
