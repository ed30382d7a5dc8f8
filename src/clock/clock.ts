import { messageOf } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import type { ClockCorrections, ClockQuality, MonotonicMs, TrustedClock, UnixMs } from '../core/time.ts';
import { formatDuration } from '../core/units.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { Belief, ClockSource, Reading } from './belief.ts';
import { ClockBook, type Period } from './clock-book.ts';
import type { Machine } from './machine.ts';
import type { ClockStatus, Jump } from './status.ts';
import { leastJumpMs, TimeKeeper, type Verdict } from './time-keeper.ts';

/** What the clock needs of the buffer. */
export interface ClockBuffer {
  readonly shelf: Shelf;
  /** Time that the gateway ran, over all its runs. */
  readonly operatingMs: MonotonicMs;
  /** Ends every batch that is open: the records of one are corrected together. */
  seal(): void;
}

export interface ClockDependencies {
  readonly machine: Machine;
  /** The buffer, which is open before the clock is started; it needs a clock itself. */
  readonly buffer: () => ClockBuffer;
  readonly log: Log;
}

const space = 'clock';
const tickMs = 1_000;
/** Time synchronisation is asked after so many ticks, and at each of so many after the system's clock has jumped. */
const ticksBetween = 10;
/** A sick clock jumps all the time: so many jumps are told in so long. */
const maxToldJumps = 5;
const toldJumpsMs = 600_000;

/**
 * The gateway's clock: that of the system where it can be trusted, and else what a collector or a browser said, carried on
 * by a clock that never jumps. The system's clock is never set. What is learnt is written down, so that records which
 * were stamped wrongly are corrected as they are sent, also by a later run.
 */
export class GatewayClock implements TrustedClock, Service {
  readonly name = 'clock';
  readonly monotonic: () => MonotonicMs;
  readonly #deps: ClockDependencies;
  readonly #book = new ClockBook();
  #keeper: TimeKeeper;
  /** The time minus monotonic time. */
  #offsetMs = 0;
  #quality: ClockQuality = 'unset';
  #isSynchronised: boolean;
  #ticks = 0;
  #eagerTicks = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Operating time minus time since boot, once started. */
  #lagMs: number | undefined;
  /** Of the periods on the shelf. */
  #firstNumber = 1;
  #lastNumber = 0;
  #lastJump: Jump | undefined;
  #toldJumps = { count: 0, sinceMs: Number.NEGATIVE_INFINITY };
  /** Whose time was no use, which is told once. */
  readonly #refused = new Set<ClockSource>();
  /** Who was found to differ from a clock that is worth more, and by how much. */
  readonly #contradictions = new Map<ClockSource, number>();

  /** Reads the system's clock: a clock tells the time before anything is started. */
  constructor(deps: ClockDependencies) {
    this.#deps = deps;
    this.monotonic = deps.machine.monotonic;
    this.#isSynchronised = deps.machine.isSynchronised();
    this.#keeper = new TimeKeeper(this.#read());
    this.#apply();
  }

  /** Called for every message. */
  readonly now = (): UnixMs => Math.floor(this.monotonic() + this.#offsetMs);

  quality(): ClockQuality {
    return this.#quality;
  }

  /** How the times of a batch are to be corrected as it is sent or shown; undefined: not at all, as far as is known. */
  get corrections(): ClockCorrections {
    return this.#book;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async start(): Promise<void> {
    const { log, machine } = this.#deps;
    const entries = await this.#deps.buffer().shelf.entries(space);
    this.#firstNumber = Number(entries[0]?.[0] ?? 1);
    this.#lastNumber = Number(entries.at(-1)?.[0] ?? 0);
    this.#forget(this.#book.add(...entries.map(([, value]) => JSON.parse(Buffer.from(value).toString()) as Period)));
    const reading = this.#read();
    this.#keeper = new TimeKeeper(reading, this.#book.lastOf(machine.boot));
    this.#begin();
    // Before any record: what is stamped by a run that is not written down is never corrected.
    await this.#deps
      .buffer()
      .shelf.saved()
      .catch((error: unknown) => {
        // A disk that refuses this refuses records too: the clock goes on, and the shelf tries again by itself.
        log.warn({ reason: messageOf(error) }, 'What is known of the time could not be saved yet.');
      });
    const { source } = this.#keeper.belief;
    const facts = { quality: this.#quality, source, boot: machine.boot };
    if (this.#quality === 'unset') {
      log.warn(
        facts,
        `The clock is not set: it says ${iso(this.now())}. Records are taken in all the same, and their times are corrected when time synchronisation, the collector or a browser has told the time.`,
      );
    } else log.info(facts, `It is ${iso(this.now())}.`);
    this.#timer = setInterval(() => this.tick(), tickMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  /** Looks at the system's clock. */
  tick(): void {
    const { machine } = this.#deps;
    const reading = machine.read();
    // Time synchronisation has stepped it, or somebody has set it: which, its traces tell, at once or a little later.
    if (Math.abs(this.#keeper.movedMs(reading)) >= leastJumpMs) this.#eagerTicks = ticksBetween;
    if (this.#eagerTicks > 0 || ++this.#ticks % ticksBetween === 0) this.#isSynchronised = machine.isSynchronised();
    this.#eagerTicks = Math.max(0, this.#eagerTicks - 1);
    const before = this.#keeper.belief;
    const { hasChanged, jumpMs } = this.#keeper.look({ ...reading, isSynchronised: this.#isSynchronised });
    const hasSlept = Math.abs(this.#deps.buffer().operatingMs - reading.bootMs - (this.#lagMs ?? 0)) >= leastJumpMs;
    if (hasChanged || hasSlept) this.#begin();
    if (jumpMs !== 0) this.#jumped(jumpMs, hasChanged);
    else if (hasChanged) this.#tell(before);
  }

  /**
   * Somebody tells the time.
   *
   * @param unixMs what it is now
   * @param uncertaintyMs by how much that may be wrong
   */
  heard(source: 'collector' | 'browser', unixMs: UnixMs, uncertaintyMs: number): Verdict {
    const { machine, log } = this.#deps;
    const before = this.#keeper.belief;
    const verdict = this.#keeper.heard(source, unixMs, machine.read().bootMs, uncertaintyMs);
    if (this.#keeper.belief !== before) this.#begin();
    if (verdict.name === 'agrees') this.#tell(before);
    if (verdict.name === 'adopted') {
      this.#lastJump = { atMs: this.now(), byMs: verdict.byMs, isFollowed: true, source };
      log.info(
        { source, bySeconds: verdict.byMs / 1000, quality: this.#quality },
        `The ${source} has told the time: the gateway’s clock moves ${moved(verdict.byMs)}, to ${iso(this.now())}. What it stamped since boot is corrected as it is sent.`,
      );
    }
    if (verdict.name === 'refused' && !this.#refused.has(source)) {
      this.#refused.add(source);
      const why =
        verdict.reason === 'implausible' ? `says ${iso(unixMs)}, which cannot be` : 'came too late to be of use';
      log.warn({ source, uncertaintyMs }, `The time that the ${source} tells ${why}: it is not believed.`);
    }
    if (verdict.name !== 'contradicts') this.#contradictions.delete(source);
    else if (!this.#contradictions.has(source)) {
      log.warn(
        { source, bySeconds: verdict.byMs / 1000 },
        `The ${source}’s clock is ${apart(verdict.byMs)} this gateway’s, which time synchronisation has set: it is not followed, and nothing is corrected. See which of the two is wrong.`,
      );
    }
    if (verdict.name === 'contradicts') this.#contradictions.set(source, verdict.byMs);
    return verdict;
  }

  status(): ClockStatus {
    const { source } = this.#keeper.belief;
    return {
      quality: this.#quality,
      source,
      now: this.now(),
      boot: this.#deps.machine.boot,
      aheadOfSystemMs: this.#keeper.aheadMs,
      ...(this.#lastJump && { lastJump: this.#lastJump }),
      contradictions: [...this.#contradictions].map(([other, byMs]) => `the ${other}’s clock is ${apart(byMs)} it`),
    };
  }

  #read(): Reading {
    return { ...this.#deps.machine.read(), isSynchronised: this.#isSynchronised };
  }

  /** From here on records are stamped by what is believed now. */
  #begin(): void {
    const buffer = this.#deps.buffer();
    buffer.seal();
    const { bootMs } = this.#apply();
    const fromMs = buffer.operatingMs;
    this.#lagMs = fromMs - bootMs;
    const period: Period = { ...this.#keeper.belief, boot: this.#deps.machine.boot, fromMs, lagMs: this.#lagMs };
    buffer.shelf.put(space, keyOf(++this.#lastNumber), Buffer.from(JSON.stringify(period)));
    this.#forget(this.#book.add(period));
  }

  #apply(): { readonly bootMs: MonotonicMs } {
    const { offsetMs, quality } = this.#keeper.belief;
    const { bootMs } = this.#deps.machine.read();
    this.#offsetMs = offsetMs + bootMs - this.monotonic();
    this.#quality = quality;
    return { bootMs };
  }

  /** The oldest periods, as many as the book has given up. */
  #forget(periods: readonly Period[]): void {
    for (const _ of periods) this.#deps.buffer().shelf.delete(space, keyOf(this.#firstNumber++));
  }

  #jumped(byMs: number, isFollowed: boolean): void {
    const { source } = this.#keeper.belief;
    this.#lastJump = { atMs: this.now(), byMs, isFollowed, source: 'system' };
    const now = this.monotonic();
    if (now - this.#toldJumps.sinceMs > toldJumpsMs) this.#toldJumps = { count: 0, sinceMs: now };
    if (++this.#toldJumps.count > maxToldJumps) return;
    const more = this.#toldJumps.count === maxToldJumps ? ' Further jumps are not told for some minutes.' : '';
    const why =
      this.#quality === 'synced'
        ? 'It is synchronised, so it is followed, and what was stamped before by a clock that was not is corrected as it is sent.'
        : isFollowed
          ? 'Nothing says more of the time, so it is followed.'
          : `It is not followed: it is not synchronised, and the time is known from ${sourceText[source]}.`;
    this.#deps.log.warn(
      { bySeconds: byMs / 1000, quality: this.#quality, source, isFollowed },
      `The system’s clock has jumped ${moved(byMs)}. ${why}${more}`,
    );
  }

  /** The time is known from somebody else, or better or worse than before, and has not jumped. */
  #tell(before: Belief): void {
    const { quality, source } = this.#keeper.belief;
    if (quality === before.quality && source === before.source) return;
    const text =
      quality === 'synced' ? 'The system’s clock is synchronised.' : `The time is known from ${sourceText[source]}.`;
    this.#deps.log.info({ quality, source }, text);
  }
}

const sourceText: Readonly<Record<ClockSource, string>> = {
  system: 'the system’s clock',
  browser: 'a browser',
  collector: 'the collector',
  ntp: 'time synchronisation, which has not been heard of lately',
};

/** So that keys are in the order of their numbers. */
function keyOf(number: number): string {
  return String(number).padStart(12, '0');
}

function moved(byMs: number): string {
  return `${formatDuration(Math.abs(byMs))} ${byMs < 0 ? 'back' : 'ahead'}`;
}

function apart(byMs: number): string {
  return `${formatDuration(Math.abs(byMs))} ${byMs < 0 ? 'behind' : 'ahead of'}`;
}

/** Others may say a time that no calendar has. */
function iso(ms: UnixMs): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}
