import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;

type Histogram = ReturnType<typeof monitorEventLoopDelay>;

/** How late timers fire, in milliseconds: what a message or a click waits for at worst. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Watches the event loop over the last 10 to 20 seconds, by two histograms that take turns. */
export class EventLoopMonitor {
  #current: Histogram | undefined;
  #previous: Histogram | undefined;
  #timer: NodeJS.Timeout | undefined;

  start(turnMs = 10_000): void {
    this.#current = begun();
    this.#timer = setInterval(() => {
      this.#previous?.disable();
      this.#previous = this.#current;
      this.#current = begun();
    }, turnMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#current?.disable();
    this.#previous?.disable();
  }

  /** The worse of the two histograms in each figure; zeros before there is any. */
  read(): EventLoopDelay {
    const histograms = [this.#previous, this.#current].filter((one) => one !== undefined && one.count > 0);
    // The timer's own resolution is part of what is measured, and no delay.
    const worst = (figure: (one: Histogram) => number): number =>
      Math.max(0, ...histograms.map((one) => Math.round((figure(one!) / 1e6 - resolutionMs) * 10) / 10));
    return {
      p50: worst((one) => one.percentile(50)),
      p99: worst((one) => one.percentile(99)),
      max: worst((one) => one.max),
    };
  }
}

function begun(): Histogram {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return histogram;
}
