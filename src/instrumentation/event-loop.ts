import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the loop is probed. Each probe wakes the process: at 20 ms they cost a quarter of a percent of one core. */
const resolutionMs = 20;

type Histogram = ReturnType<typeof monitorEventLoopDelay>;

/** How late timers fire, in milliseconds: what a message or a click waits for at worst. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Watches the event loop over the last one or two turns of 10 seconds: two histograms start a turn apart, each lives for
 * two, and the older one is read.
 */
export class EventLoopMonitor {
  #older: Histogram | undefined;
  #newer: Histogram | undefined;
  #timer: NodeJS.Timeout | undefined;

  start(turnMs = 10_000): void {
    this.#older = begun();
    this.#newer = begun();
    this.#timer = setInterval(() => {
      this.#older?.disable();
      this.#older = this.#newer;
      this.#newer = begun();
    }, turnMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#older?.disable();
    this.#newer?.disable();
  }

  /** Zeros before there is any. */
  read(): EventLoopDelay {
    const histogram = this.#older;
    if (histogram === undefined || histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
    // The probe's own period is part of what is measured, and no delay.
    const delay = (nanoseconds: number): number =>
      Math.max(0, Math.round((nanoseconds / 1e6 - resolutionMs) * 10) / 10);
    return {
      p50: delay(histogram.percentile(50)),
      p99: delay(histogram.percentile(99)),
      max: delay(histogram.max),
    };
  }
}

function begun(): Histogram {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return histogram;
}
