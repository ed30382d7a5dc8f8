import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Waiter } from '../../../src/buffer/batch.ts';
import { RecordBuffer } from '../../../src/buffer/buffer.ts';
import { laneOf } from '../../../src/buffer/lane.ts';
import type { BufferOptions } from '../../../src/buffer/options.ts';
import type { DiskFaults } from '../../../src/buffer/worker-protocol.ts';
import type { Handling } from '../../../src/core/handling.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { FakeTime } from '../../support/fake-time.ts';
import { LocalDisk } from '../../support/local-disk.ts';
import { Model } from './model.ts';
import { handlingsOf, type RuleName, recordOf, reportOf } from './site.ts';
import { FakeUplink } from './uplink.ts';

/** How long losses are gathered before they are reported. */
const reportDelayMs = { losses: 1_000, choices: 2_000 };
/** Rounds in which everything must be delivered once nothing stands in the way any more. */
const maxRounds = 80;

export interface Site {
  readonly maxBytes: number;
  readonly maxPendingBytes: number;
}

/** What fails for as long as it does: nothing, space for commits, their fsync, or one of what else the disk is asked for. */
export type Fault = 'none' | 'full' | 'io' | 'create' | 'unlink' | 'reserve' | 'read';

/** A buffer between a fake site and a fake collector, with a model beside it. Its directory lives as long as one run. */
export class Rig {
  readonly #root: string;
  readonly #options: BufferOptions;
  readonly time = new FakeTime();
  readonly model = new Model();
  readonly uplink = new FakeUplink((batch) => this.model.collect(batch));
  #fault: Fault = 'none';
  #failure: unknown;
  #life = 0;
  #isChanged = false;
  #handlings = handlingsOf(false);
  #buffer!: RecordBuffer;
  #disk!: LocalDisk;

  constructor(root: string, site: Site) {
    this.#root = root;
    this.#options = { keep: 0, segmentBytes: 64 * 1024, maxBatchBytes: 64 * 1024, maxDeliveries: 100, ...site };
  }

  get buffer(): RecordBuffer {
    return this.#buffer;
  }

  async start(): Promise<void> {
    this.time.start();
    mkdirSync(this.#directory, { recursive: true });
    await this.#open();
  }

  /** Whatever state it is in: nothing is left of it. */
  end(): void {
    this.uplink.disconnect();
    this.time.stop();
    this.#disk.crash();
    rmSync(this.#root, { recursive: true, force: true });
  }

  append(rule: RuleName, size: number): void {
    const handling = this.#handling(rule);
    const record = this.model.append(handling, this.time.monotonic());
    const bytes = recordOf(record.id, size);
    const life = this.#life;
    const settled: Waiter['settled'] = (error, sequence) => {
      if (life === this.#life) this.#tell(() => this.model.settle(record, error, sequence));
    };
    this.#buffer.append(handling, bytes, 0, bytes.length, this.time.now(), { settled }, undefined, record.device);
  }

  thin(rule: RuleName): void {
    const handling = this.#handling(rule);
    this.#buffer.discard(handling, 'thinned', 'device', this.time.now());
    const lane = laneOf(handling).key;
    this.model.choices.set(lane, (this.model.choices.get(lane) ?? 0) + 1);
  }

  /** The disk carries out as much, and everybody hears of it. */
  async work(count?: number): Promise<void> {
    await this.#disk.work(count);
    await this.time.turn();
  }

  setFault(fault: Fault): void {
    this.#fault = fault;
    if (fault !== 'none') this.model.diskFailed();
  }

  changeRules(): void {
    this.#isChanged = !this.#isChanged;
    this.#handlings = handlingsOf(this.#isChanged);
    this.#buffer.rulesChanged([...this.#handlings.values()]);
  }

  /** The process is killed, and the next one goes on with what its files hold. */
  async crash(): Promise<void> {
    this.uplink.disconnect();
    // What was under way in the last turn is over: nobody is told of it any more.
    const next = join(this.#root, `${this.#life + 1}`);
    this.#disk.crash(next);
    this.time.stop();
    this.model.crashed(this.time.monotonic());
    await this.#begin();
  }

  async restart(): Promise<void> {
    this.uplink.disconnect();
    const isWell = this.#fault === 'none';
    let isStopped = false;
    void this.#buffer.stop().then(() => {
      isStopped = true;
    });
    for (let round = 0; !isStopped; round++) {
      assert.ok(round < maxRounds, 'The buffer does not stop.');
      await this.time.advance(20);
      await this.work();
    }
    if (isWell) this.model.stopped();
    this.time.stop();
    this.#keepDirectory();
    if (!isWell) this.model.crashed(this.time.monotonic());
    await this.#begin();
  }

  /** Nothing stands in the way any more: everything is delivered, and every loss reported. */
  async drain(): Promise<void> {
    this.#fault = 'none';
    this.uplink.disconnect();
    this.uplink.connect();
    let quiet = 0;
    for (let round = 0; round < maxRounds && quiet < 5; round++) {
      const before = this.model.gaps.length;
      this.uplink.pull();
      for (let i = 0; i < 2; i++) await this.work();
      this.uplink.arrive(Number.POSITIVE_INFINITY);
      this.uplink.acknowledge(() => true);
      await this.time.advance(1_000);
      await this.work();
      this.check();
      const { waitingRecords, pendingBytes } = this.#buffer.status();
      const isQuiet = waitingRecords === 0 && pendingBytes === 0 && this.model.gaps.length === before;
      quiet = isQuiet ? quiet + 1 : 0;
    }
    this.model.checkEnd(this.#buffer.status());
  }

  check(): void {
    const failure = this.#failure ?? this.uplink.failure;
    if (failure !== undefined) throw failure;
    this.model.check(this.#buffer.status(), this.time.monotonic());
  }

  get #directory(): string {
    return join(this.#root, String(this.#life));
  }

  #handling(rule: RuleName): Handling {
    return this.#handlings.get(rule)!;
  }

  #keepDirectory(): void {
    this.#life--;
  }

  /** What the buffer calls must not throw: the run fails at its next check. */
  #tell(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  async #begin(): Promise<void> {
    this.#life++;
    this.time.start();
    await this.#open();
  }

  async #open(): Promise<void> {
    const always = { from: 0, count: Number.POSITIVE_INFINITY };
    const failCommits = (): DiskFaults['failCommits'] => {
      const kind = this.#fault;
      // What the buffer had in reserve is space for as long as it gives it away.
      const hasSpace = kind === 'full' && !existsSync(join(this.#directory, 'reserve'));
      return (kind === 'full' && !hasSpace) || kind === 'io' ? { ...always, kind } : undefined;
    };
    const fail = (): DiskFaults['fail'] => ({ [this.#fault]: always });
    this.#buffer = new RecordBuffer({
      options: this.#options,
      directory: this.#directory,
      clock: this.time,
      log: silentLog,
      encodeGap: reportOf,
      reportDelayMs,
      uplink: {
        isLive: () => this.uplink.isUp,
        acknowledgeMs: () => 20,
        underWay: (lane) => this.uplink.underWay(lane),
      },
      faults: {
        get failCommits() {
          return failCommits();
        },
        get fail() {
          return fail();
        },
      } as DiskFaults,
      openDisk: (settings) =>
        LocalDisk.open(settings, (disk) => {
          this.#disk = disk;
        }),
    });
    this.#buffer.rulesChanged([...this.#handlings.values()]);
    this.#buffer.onReady((batch) => this.#tell(() => this.model.see(batch)));
    this.uplink.attach(this.#buffer);
    await this.#buffer.start();
    this.#disk.isAutomatic = false;
  }
}
