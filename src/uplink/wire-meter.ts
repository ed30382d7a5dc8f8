import type { Shelf } from '../core/shelf.ts';
import type { Clock, ClockQuality } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { PlanStatus, PlanWait } from './data-plan.ts';
import type { UplinkOptions } from './options.ts';
import { PlanGate } from './plan-gate.ts';
import { PlanKeeper } from './plan-keeper.ts';
import { idlePlanKeys, planSettings } from './plan-settings.ts';

export interface WireStatus {
  /**
   * Bytes that all connections have moved since this process started, both ways, failed attempts included: TLS and HTTP/2
   * are in them, TCP's and IP's own headers are not.
   */
  readonly wireBytes: number;
  /** How the data plan stands; absent when there is none. */
  readonly plan?: PlanStatus;
}

/** What the uplink moves over the wire, on all its connections, and the account of it when the link is metered. */
export class WireMeter {
  readonly #plan: PlanKeeper | undefined;
  readonly #log: Log;
  readonly #gates = new Set<PlanGate>();
  #endedBytes = 0;
  #told: PlanWait['for'] | undefined;

  constructor(plan: PlanKeeper | undefined, log: Log) {
    this.#plan = plan;
    this.#log = log;
  }

  /** To be called once, before any connection. @throws HeadgateError buffer.failed */
  async start(): Promise<void> {
    await this.#plan?.start();
  }

  /** Saves what has been used. */
  stop(): void {
    this.#plan?.stop();
  }

  /** A connection is being made: all that it moves counts, until its gate's `end`. */
  connection(wireBytes: () => number): PlanGate {
    const gate: PlanGate = new PlanGate(this.#plan, wireBytes, () => {
      if (this.#gates.delete(gate)) this.#endedBytes += wireBytes();
    });
    this.#gates.add(gate);
    return gate;
  }

  status(): WireStatus {
    let wireBytes = this.#endedBytes;
    for (const gate of this.#gates) wireBytes += gate.wireBytes;
    return { wireBytes, ...(this.#plan && { plan: this.#plan.status() }) };
  }

  /** To be called about once a second: what holds records back for longer is worth a line in the log. */
  tick(): void {
    if (this.#plan === undefined) return;
    const { waiting, usedBytes, allowedBytes } = this.#plan.status();
    // A rate is always used up for a moment.
    const now = waiting?.for === 'rate' ? undefined : waiting?.for;
    if (now === this.#told) return;
    this.#told = now;
    if (waiting === undefined || now === undefined) {
      this.#log.info({}, 'The data plan lets records go again.');
      return;
    }
    const until = 'until' in waiting && waiting.until !== undefined ? new Date(waiting.until).toISOString() : undefined;
    this.#log.info({ until, usedBytes, allowedBytes }, `The data plan holds records back: ${reasons[now]}.`);
  }
}

/** What counts the uplink's bytes, and keeps to `uplink.plan` if that limits anything. */
export function wireMeter(
  plan: UplinkOptions['plan'],
  shelf: Shelf,
  clock: Clock & { quality(): ClockQuality },
  log: Log,
): WireMeter {
  const settings = planSettings(plan);
  for (const message of idlePlanKeys(plan)) log.warn({}, message);
  const isClockSet = (): boolean => clock.quality() !== 'unset';
  return new WireMeter(settings && new PlanKeeper({ settings, shelf, clock, isClockSet, log }), log);
}

/** Why records wait, for people. */
const reasons: Readonly<Record<PlanWait['for'], string>> = {
  hours: 'it is outside its hours',
  month: "the month's bytes are used up",
  clock: 'it has hours, and the clock is not set',
  rate: "its rate's bytes are used up for the moment",
};
