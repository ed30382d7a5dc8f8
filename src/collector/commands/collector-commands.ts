import { messageOf } from '../../core/errors.ts';
import type { Clock } from '../../core/time.ts';
import type { Log } from '../../lib/log.ts';
import { Priority } from '../../wire/generated/headgate/v1/record.ts';
import type { Command, CommandUpdate } from '../../wire/generated/headgate/v1/uplink.ts';
import { unixMsOf } from '../../wire/timestamp.ts';
import type { Companion, GatewayMessage, Line } from '../companion.ts';
import type { StateStore } from '../state-store.ts';
import { CommandStore } from './command-store.ts';
import { isSettled, isToBeSent, type StoredCommand, withExpiry, withOtherEpoch, withUpdate } from './stored-command.ts';

/** A gateway that has a line here. */
interface There {
  readonly line: Line;
  /** The ids of the commands that were sent on it. */
  readonly sent: Set<string>;
  /** What waited for it has been sent. */
  isGreeted: boolean;
  /** What it said and the store did not take, by command: the newest. */
  readonly unsaved: Map<string, CommandUpdate>;
}

const tickMs = 1_000;
const cleanMs = 3_600_000;

const rank: Partial<Record<Priority, number>> = { [Priority.PRIORITY_CRITICAL]: 0, [Priority.PRIORITY_BULK]: 2 };
const rankOf = ({ command }: StoredCommand): number => rank[command.priority] ?? 1;
const ageOf = ({ command }: StoredCommand): number => (command.createdAt ? unixMsOf(command.createdAt) : 0);

/**
 * Brings commands to gateways that have a line here, and makes what they say of them durable. Whichever collector has a
 * gateway delivers: all of them see the same commands.
 */
export class CollectorCommands implements Companion {
  readonly store: CommandStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keepMs: number;
  /** The line of each gateway. */
  readonly #lines = new Map<string, There>();
  /** The changes of one command, one after the other. */
  readonly #underWay = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #cleanAt = 0;
  #isTicking = false;

  /** @param keepMs how long a command is remembered once it is over */
  constructor(state: StateStore, clock: Clock, log: Log, keepMs: number) {
    this.store = new CommandStore(state, log);
    this.#clock = clock;
    this.#log = log;
    this.#keepMs = keepMs;
  }

  start(): void {
    this.store.start();
    this.store.listen((gateway, id, stored) => {
      const there = this.#lines.get(gateway);
      if (stored !== undefined && stored.update === undefined && there !== undefined) this.#send(there.line, stored);
      // It is not sent any more: a line may stand for years.
      else if (stored === undefined || isSettled(stored)) there?.sent.delete(id);
    });
    this.#timer = setInterval(() => void this.#tick(), tickMs).unref();
    void this.#tick();
  }

  /** What is being made durable is durable. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay.values());
    this.store.close();
  }

  connected(line: Line): void {
    const there: There = { line, sent: new Set(), isGreeted: false, unsaved: new Map() };
    this.#lines.set(line.peer.gateway, there);
    void this.#greet(there);
  }

  gone(line: Line): void {
    const { gateway } = line.peer;
    if (this.#lines.get(gateway)?.line === line) this.#lines.delete(gateway);
  }

  received(line: Line, message: GatewayMessage): boolean {
    if (message.$case !== 'commandUpdate') return false;
    this.#enqueue(line, message.value);
    return true;
  }

  #enqueue(line: Line, update: CommandUpdate): void {
    const name = JSON.stringify([line.peer.gateway, update.commandId]);
    const before = this.#underWay.get(name) ?? Promise.resolve();
    const done = before.then(() => this.#updated(line, update));
    this.#underWay.set(name, done);
    void done.then(() => {
      if (this.#underWay.get(name) === done) this.#underWay.delete(name);
    });
  }

  /** Never rejects. What could not be made durable is not acknowledged, and tried again with each tick. */
  async #updated(line: Line, update: CommandUpdate): Promise<void> {
    const { gateway, epoch } = line.peer;
    const { commandId, revision } = update;
    try {
      // One that is forgotten here need not be told of again either.
      await this.store.change(gateway, commandId, (stored) => withUpdate(stored, update, epoch, this.#clock.now()));
      line.send({ $case: 'commandUpdateAcknowledge', value: { commandId, revision } });
    } catch (error) {
      const there = this.#lines.get(gateway);
      // On its next connection the gateway says it again.
      if (there?.line !== line) return;
      if (there.unsaved.size === 0)
        this.#log.error({ gateway, reason: messageOf(error) }, 'What became of commands could not be noted yet.');
      if ((there.unsaved.get(commandId)?.revision ?? 0) <= revision) there.unsaved.set(commandId, update);
    }
  }

  /** Sends what waits for a gateway, the urgent first. Never rejects: what can't be read is tried again with each tick. */
  async #greet(there: There): Promise<void> {
    const { gateway, epoch } = there.line.peer;
    there.isGreeted = true;
    try {
      const open = await this.store.openOf(gateway);
      open.sort((a, b) => rankOf(a) - rankOf(b) || ageOf(a) - ageOf(b));
      for (const stored of open) {
        if (isToBeSent(stored, this.#clock.now())) this.#send(there.line, stored);
        else if (withOtherEpoch(stored, epoch, 0) !== undefined)
          await this.store.change(gateway, stored.command.id, (now) => withOtherEpoch(now, epoch, this.#clock.now()));
      }
    } catch (error) {
      there.isGreeted = false;
      this.#log.debug({ gateway, reason: messageOf(error) }, 'What waits for a gateway could not be read.');
    }
  }

  /** Once on each line. */
  #send(line: Line, { command }: StoredCommand): void {
    const there = this.#lines.get(line.peer.gateway);
    if (there?.line !== line || there.sent.has(command.id)) return;
    there.sent.add(command.id);
    line.send({ $case: 'command', value: this.#asOfNow(command) });
  }

  #asOfNow(command: Command): Command {
    if (command.expiresAt === undefined) return command;
    const leftMs = Math.max(0, unixMsOf(command.expiresAt) - this.#clock.now());
    return { ...command, expiresInMs: BigInt(Math.round(leftMs)) };
  }

  async #tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      const now = this.#clock.now();
      await this.store.load();
      for (const there of this.#lines.values()) {
        if (!there.isGreeted) void this.#greet(there);
        for (const update of there.unsaved.values()) this.#enqueue(there.line, update);
        there.unsaved.clear();
      }
      for (const { gateway, id } of this.store.overdue(now))
        await this.store.change(gateway, id, (stored) => withExpiry(stored, now));
      if (now < this.#cleanAt) return;
      this.#cleanAt = now + cleanMs;
      const forgotten = await this.store.clean(now - this.#keepMs);
      if (forgotten > 0) this.#log.info({ forgotten }, 'Commands that are over for long have been forgotten.');
    } catch (error) {
      this.#log.debug({ reason: messageOf(error) }, 'Commands could not be looked through; trying again.');
    } finally {
      this.#isTicking = false;
    }
  }
}
