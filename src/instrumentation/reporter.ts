import type { Clock, MonotonicMs } from '../core/time.ts';
import type { Service } from '../lib/service.ts';
import { EventLoopMonitor } from './event-loop.ts';
import type { Health } from './health.ts';
import { Rates } from './rates.ts';
import { composeStatus, type GatewayStatus, type StatusParts } from './status.ts';

/** What the parts say when they are asked; the rest the reporter knows itself. */
export type PartStatus = Omit<StatusParts, 'startedAtMs' | 'notice' | 'phase' | 'process' | 'rates'>;

const sampleMs = 1_000;

/** Puts together what the gateway says of itself: what its parts say now, and rates over the last seconds. */
export class Reporter implements Service {
  readonly name = 'reporter';
  readonly #parts: () => PartStatus;
  readonly #clock: Clock;
  readonly #eventLoop = new EventLoopMonitor();
  readonly #rates = new Rates<'received' | 'confirmed' | 'acknowledged'>();
  readonly #startedAt: MonotonicMs;
  #phase: StatusParts['phase'] = 'starting';
  #timer: NodeJS.Timeout | undefined;
  /** What people should know before anything else, in a sentence: told by who started the gateway. */
  notice: string | undefined;

  constructor(parts: () => PartStatus, clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  async start(): Promise<void> {
    this.#eventLoop.start();
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), sampleMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#eventLoop.stop();
  }

  /** Told by the composition root, which alone knows. */
  enter(phase: StatusParts['phase']): void {
    this.#phase = phase;
  }

  status(): GatewayStatus {
    const { user, system } = process.cpuUsage();
    const parts: StatusParts = {
      ...this.#parts(),
      // By a clock that may have learnt the time since.
      startedAtMs: this.#clock.now() - (this.#clock.monotonic() - this.#startedAt),
      notice: this.notice,
      phase: this.#phase,
      rates: {
        receivedPerSecond: this.#rates.perSecond('received'),
        confirmedPerSecond: this.#rates.perSecond('confirmed'),
        acknowledgedPerSecond: this.#rates.perSecond('acknowledged'),
      },
      process: {
        pid: process.pid,
        rssBytes: process.memoryUsage.rss(),
        cpuSeconds: (user + system) / 1e6,
        eventLoopDelayMs: this.#eventLoop.read(),
      },
    };
    const status = composeStatus(parts, this.#clock.now());
    return this.notice === undefined ? status : { ...status, health: noticed(status.health, this.notice) };
  }

  #sample(): void {
    const { flow, uplink } = this.#parts();
    const counts = { received: flow.received, confirmed: flow.confirmed, acknowledged: uplink.acknowledgedRecords };
    this.#rates.sample(counts, this.#clock.monotonic());
  }
}

/** With a notice nothing is as it should be, however well it goes. */
function noticed({ state, summary }: Health, notice: string): Health {
  return { state: state === 'ready' ? 'degraded' : state, summary: `${notice} ${summary}` };
}
