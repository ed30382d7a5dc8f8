import type { ClockCorrections, ClockQuality, MonotonicMs, TrustedClock, UnixMs } from '../core/time.ts';
import type { Correction, Stamp } from './worker-protocol.ts';

/** The clock is taken to be the same as long as it does not go otherwise than operating time by more than this. */
const slackMs = 100;
/** Those before are not corrected any more, in memory. */
const maxPeriods = 100;

export interface PeriodsDependencies {
  readonly clock: TrustedClock;
  /** Time that the gateway has run, summed over all its runs, in ms. */
  readonly operatingMs: () => MonotonicMs;
  readonly corrections: ClockCorrections;
}

/**
 * What was believed of the time when points were stamped: a span of this run each, from 1 on. Points keep the time with which
 * they were stamped, and their period's stamp says later by how much that was wrong.
 */
export class Periods {
  readonly #deps: PeriodsDependencies;
  readonly #stamps = new Map<number, Stamp>();
  #quality: ClockQuality | undefined;
  #offsetMs = 0;
  #lastMs: UnixMs = 0;
  /** The one that points are stamped in now. */
  current = 0;

  constructor(deps: PeriodsDependencies) {
    this.#deps = deps;
  }

  get stamp(): Stamp {
    return this.#stamps.get(this.current)!;
  }

  /** Whether the clock may have changed since the last point. Cheap: called for each message. */
  mayHaveChanged(receivedAtMs: UnixMs, quality: ClockQuality): boolean {
    const lastMs = this.#lastMs;
    this.#lastMs = receivedAtMs;
    return quality !== this.#quality || receivedAtMs < lastMs || receivedAtMs > lastMs + 1_000;
  }

  /** Whether what is stamped from now on belongs to another period. Then {@link begin}. */
  hasChanged(): boolean {
    const { clock, operatingMs } = this.#deps;
    const offsetMs = clock.now() - operatingMs();
    return clock.quality() !== this.#quality || Math.abs(offsetMs - this.#offsetMs) > slackMs;
  }

  begin(): void {
    const { clock, operatingMs } = this.#deps;
    const takenAtMs = clock.now();
    const ageAtMs = operatingMs();
    this.#quality = clock.quality();
    this.#offsetMs = takenAtMs - ageAtMs;
    this.current++;
    this.#stamps.set(this.current, { takenAtMs, ageAtMs, isUnset: this.#quality === 'unset' });
    this.#stamps.delete(this.current - maxPeriods);
  }

  /** By how much what was stamped in a period is off, as far as is known. @param period 0: a device's clock, of which nothing is */
  shiftMs(period: number): number {
    const stamp = this.#stamps.get(period);
    return stamp === undefined ? 0 : (this.#deps.corrections.of(stamp)?.shiftMs ?? 0);
  }

  /** What is known by now of the stamps of this run, and of others. */
  corrections(others: readonly Stamp[]): Correction[] {
    return [...this.#stamps.values(), ...others].map((stamp) => {
      const found = this.#deps.corrections.of(stamp);
      return { ...stamp, shiftMs: found?.shiftMs ?? 0, isPlaced: !stamp.isUnset || found !== undefined };
    });
  }
}
