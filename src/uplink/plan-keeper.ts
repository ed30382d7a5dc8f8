import type { Priority } from '../core/priority.ts';
import type { Shelf } from '../core/shelf.ts';
import { type Clock, earliestPlausibleMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import { DataPlan, type Moment, type MonthUse, type PlanSettings, type PlanStatus } from './data-plan.ts';

export interface PlanKeeperDependencies {
  readonly settings: PlanSettings;
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly log: Log;
  /** The wall clock can be trusted for hours and months. Default: it says a time at which this software existed. */
  readonly isClockSet?: () => boolean;
}

/** The space on the shelf, and its only entry. */
const space = 'uplink.plan';
const key = 'month';
const slackLimits = { least: 4 * 1024, most: 2 ** 20 };

/**
 * The data plan of a gateway, over all its connections and runs. The month's use is saved in advance: what is on disk
 * says a little more than has been used, and is saved anew when that is nearly reached. So a crash never forgets what was
 * used (but for what goes over the wire in the second that a save may take), and adds {@link slackBytes} at the most; a
 * stop in good order saves the exact number.
 */
export class PlanKeeper {
  readonly #deps: PlanKeeperDependencies;
  #plan: DataPlan;
  #savedUse: MonthUse | undefined;

  constructor(deps: PlanKeeperDependencies) {
    this.#deps = deps;
    this.#plan = new DataPlan(deps.settings);
  }

  /** Reads what the month has used. To be called once, before anything is sent. @throws HeadgateError buffer.failed */
  async start(): Promise<void> {
    const entries = await this.#deps.shelf.entries(space);
    const saved = entries.find(([name]) => name === key)?.[1];
    this.#savedUse = saved && parse(saved);
    if (saved !== undefined && this.#savedUse === undefined) {
      this.#deps.log.warn(
        { saved: Buffer.from(saved).toString() },
        'What the month has used of the data plan was saved by another version, and is counted anew from 0.',
      );
    }
    this.#plan = new DataPlan(this.#deps.settings, this.#savedUse);
  }

  /** Saves what has been used, to the byte. */
  stop(): void {
    if (this.#deps.settings.monthly !== undefined && this.#savedUse !== undefined) this.#save(0);
  }

  /** What a crash may add to the month's use: a thousandth of the month, from 4 KiB to 1 MiB. */
  get slackBytes(): number {
    const { monthly = 0 } = this.#deps.settings;
    return Math.min(slackLimits.most, Math.max(slackLimits.least, Math.round(monthly / 1000)));
  }

  isExempt(priority: Priority): boolean {
    return this.#plan.isExempt(priority);
  }

  /** See {@link DataPlan.roomBytes}. */
  roomBytes(): number {
    return this.#plan.roomBytes(this.#now());
  }

  /** So many bytes went over the wire; fewer than 0: less than had been said. */
  spent(bytes: number): void {
    this.#plan.spent(bytes, this.#now());
    if (this.#deps.settings.monthly === undefined) return;
    const { month, usedBytes } = this.#plan.use;
    const saved = this.#savedUse;
    if (saved?.month !== month || usedBytes > saved.usedBytes - this.slackBytes / 2) this.#save(this.slackBytes);
  }

  status(): PlanStatus {
    return this.#plan.status(this.#now());
  }

  #save(aheadBytes: number): void {
    const { use } = this.#plan;
    this.#savedUse = { ...use, usedBytes: use.usedBytes + aheadBytes };
    this.#deps.shelf.put(space, key, Buffer.from(JSON.stringify(this.#savedUse)));
  }

  #now(): Moment {
    const { clock, isClockSet } = this.#deps;
    const unix = clock.now();
    const isSet = isClockSet?.() ?? unix >= earliestPlausibleMs;
    return { unix: isSet ? unix : undefined, monotonic: clock.monotonic() };
  }
}

/** Undefined when it is not what this version writes. */
function parse(bytes: Uint8Array): MonthUse | undefined {
  try {
    const { month, usedBytes, carriedBytes } = JSON.parse(Buffer.from(bytes).toString()) as MonthUse;
    const isSound = typeof month === 'string' && Number.isFinite(usedBytes) && Number.isFinite(carriedBytes);
    return isSound ? { month, usedBytes, carriedBytes } : undefined;
  } catch {
    // Not JSON: the shelf has checksums of its own, so another version wrote it.
    return undefined;
  }
}
