import { Commands } from '../../src/commands/commands.ts';
import type { CommandsOptions } from '../../src/commands/options.ts';
import type { RemoteConfig } from '../../src/commands/trial.ts';
import type { Command, CommandReport } from '../../src/core/command.ts';
import type { Shelf } from '../../src/core/shelf.ts';
import { silentLog } from '../../src/lib/log.ts';
import { MemoryDisk, shelfOn } from '../support/memory-shelf.ts';

export const options: CommandsOptions = {
  answerTimeout: 30_000,
  confirmWithin: 120_000,
  maxQueued: 100,
  maxQueuedBytes: 10_000,
  rememberFor: 3_600_000,
  maxRemembered: 1_000,
};

export function commandOf(id: string, more: Partial<Command> = {}): Command {
  return { id, deviceId: 'pump', name: '', payload: Buffer.from(id), priority: 'normal', ...more };
}

/** A gateway's commands with a device and a collector that do as a test says, over the crashes of its process. */
export class CommandSite {
  disk = new MemoryDisk();
  operatingMs = 1_000;
  /** Undefined: nobody has set the clock. */
  wallMs: number | undefined = Date.UTC(2026, 5, 1);
  /** Whether the device listens. */
  isThere = true;
  /** What becomes of a delivery: given, known not to be given, or nobody knows. */
  delivery: 'given' | 'not-given' | 'broken' = 'given';
  /** Every command that the device was given, in order. */
  readonly given: string[] = [];
  /** How long each of them was still good for. */
  readonly within: number[] = [];
  /** Every report that the collector was sent. */
  readonly reports: CommandReport[] = [];
  /** What is in force, and whether it can be changed. */
  overlay = '';
  redials = 0;
  commands!: Commands;
  #shelf!: Shelf;
  readonly #options: CommandsOptions;

  constructor(changed: Partial<CommandsOptions> = {}) {
    this.#options = { ...options, ...changed };
  }

  readonly remote: RemoteConfig = {
    overlay: () => this.overlay,
    plan: ({ payload }) => {
      const text = Buffer.from(payload).toString();
      return text.startsWith('wrong') ? { reason: text } : { overlay: text };
    },
    apply: (overlay) => {
      if (overlay === 'unwritable') throw new Error('the disk is full');
      this.overlay = overlay;
    },
  };

  async start(): Promise<void> {
    const { disk } = this;
    const isAlive = (): boolean => disk === this.disk;
    this.#shelf = shelfOn(disk);
    this.commands = new Commands({
      options: this.#options,
      shelf: this.#shelf,
      carriers: [
        {
          reaches: () => isAlive() && this.isThere,
          obstacle: (deviceId) => (deviceId.includes('#') ? 'no topic' : undefined),
          deliver: async ({ id }, withinMs) => {
            // What a dead process would do is not done.
            if (!isAlive() || this.delivery === 'not-given') return false;
            this.given.push(id);
            this.within.push(withinMs);
            if (this.delivery === 'broken') throw new Error('the connection broke');
            return true;
          },
        },
      ],
      check: (_device, name) => (name === 'fly' ? 'a pump does not fly' : undefined),
      remote: this.remote,
      redial: () => {
        this.redials++;
      },
      operatingMs: () => this.operatingMs,
      wallMs: () => this.wallMs,
      log: silentLog,
    });
    await this.commands.start();
  }

  /** The process is gone; what had not reached the disk is lost. */
  async crash(): Promise<void> {
    const dead = this.commands;
    this.disk = this.disk.afterCrash();
    dead.disconnected();
    void dead.stop();
    await this.start();
  }

  connect(): void {
    const { disk } = this;
    this.commands.connected((report) => {
      if (disk === this.disk) this.reports.push(report);
    });
  }

  /** What is due gets done; so much time goes by first. */
  async pass(ms = 0): Promise<void> {
    this.operatingMs += ms;
    if (this.wallMs !== undefined) this.wallMs += ms;
    this.commands.tick();
    await this.settle();
  }

  /** All that was put on the shelf is on the disk. */
  saved(): Promise<void> {
    return this.#shelf.saved();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** `revision state` of all reports of a command, each once. */
  told(id: string): string[] {
    return [
      ...new Set(this.reports.filter((one) => one.id === id).map(({ revision, state }) => `${revision} ${state}`)),
    ];
  }

  get lastReport(): CommandReport | undefined {
    return this.reports.at(-1);
  }
}
