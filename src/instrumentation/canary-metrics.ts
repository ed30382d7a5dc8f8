import { Histogram } from './histogram.ts';
import type { CanaryReport } from './status.ts';

/** Upper bounds, in seconds: from a collector on this machine to the patience for acknowledgements on a bad link. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The figures of canary records, in Prometheus' text form. */
export class CanaryMetrics {
  readonly #roundTrips = new Histogram(
    'headgate_uplink_canary_seconds',
    "From a canary record's being taken in to the collector's durable acknowledgement of it.",
    buckets,
  );

  observe(seconds: number): void {
    this.#roundTrips.observe(seconds);
  }

  /** A gateway that sends none has no figures: nothing says that they do well. */
  text(canary: CanaryReport | null): string {
    if (canary === null) return '';
    const overdue = gauge(
      'headgate_uplink_canary_overdue',
      '1 while a canary record has not come back in the time that an acknowledgement may take.',
      Number(canary.state === 'overdue'),
    );
    if (canary.secondsSinceReturn === null) return `${this.#roundTrips.text()}${overdue}`;
    const age = gauge(
      'headgate_uplink_canary_age_seconds',
      'Since the last canary record came back.',
      canary.secondsSinceReturn,
    );
    return `${this.#roundTrips.text()}${overdue}${age}`;
  }
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
}
