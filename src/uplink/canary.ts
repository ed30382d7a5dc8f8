import { lastSequenceOf, type StoredBatch } from '../core/batch.ts';
import { messageOf } from '../core/errors.ts';
import type { Receipt } from '../core/message.ts';
import type { Clock, MonotonicMs, UnixMs } from '../core/time.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { UplinkOptions } from './options.ts';
import { isMetered } from './plan-settings.ts';
import type { UplinkBuffer } from './source.ts';
import type { CanaryState, CanaryStatus } from './status.ts';

export interface CanaryDependencies {
  /** From one to the next, in milliseconds; 0: only those that somebody asks for. */
  readonly intervalMs: number;
  /** How long one may take before that is told, in milliseconds. */
  readonly timeoutMs: number;
  /** Takes a record in as the gateway's own; resolves when it is durable here, with its sequence. */
  readonly send: (payload: Uint8Array) => Promise<Receipt>;
  /** Records reach a collector. Without that there is nothing to find out. */
  readonly isConnected: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** One has come back. */
  readonly onReturn?: (roundTripMs: number) => void;
}

/** Unless it is said, a link that costs by the byte carries none. 0: none is sent. */
export function canaryIntervalMs({ canary, plan }: Pick<UplinkOptions, 'canary' | 'plan'>): number {
  return canary ?? (isMetered(plan) ? 0 : 60_000);
}

/** Where a canary is: see {@link CanaryState}. */
type Flight =
  | { readonly name: 'none' }
  /** On its way to this gateway's disk. */
  | { readonly name: 'taken'; readonly sentAt: MonotonicMs }
  | { readonly name: 'under-way'; readonly sentAt: MonotonicMs; readonly sequence: number }
  | { readonly name: 'refused'; readonly reason: string };

/** While there is no collector, and when one was refused, it is looked again after so long. */
const lookAgainMs = 1_000;

/**
 * Sends a record of the gateway's own the whole way from time to time, and sees it come back as the collector's durable
 * acknowledgement: so a path on which nothing happens is known to work. One at a time.
 */
export class Canary implements Service {
  readonly name = 'canary';
  readonly #deps: CanaryDependencies;
  #flight: Flight = { name: 'none' };
  #timer: NodeJS.Timeout | undefined;
  #overdueTimer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #sent = 0;
  #returned = 0;
  #lastRoundTripMs: number | undefined;
  #lastReturnedAt: UnixMs | undefined;

  constructor(deps: CanaryDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    if (this.#deps.intervalMs > 0) this.#wait(this.#deps.intervalMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#overdueTimer);
  }

  /** The same buffer, for the uplink: what is acknowledged there is seen here as well. */
  watch(buffer: UplinkBuffer): UplinkBuffer {
    return {
      lanes: () => buffer.lanes(),
      read: (lane, after, maxBytes) => buffer.read(lane, after, maxBytes),
      onReady: (listener) => buffer.onReady(listener),
      acknowledge: (batches) => {
        buffer.acknowledge(batches);
        this.#acknowledged(batches);
      },
      get totals() {
        return buffer.totals;
      },
      get corrections() {
        return buffer.corrections;
      },
    };
  }

  /**
   * Sends one now, whether or not there is a collector. Resolves when it is durable here, with its sequence; that it has come back is
   * in the {@link status}. @throws what the buffer refuses it with
   */
  readonly ask = (): Promise<Receipt> => {
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    void this.#send(resolve, reject);
    return promise;
  };

  /** The status where there is something to tell; undefined: none is sent, and none was asked for. */
  get told(): CanaryStatus | undefined {
    return this.#deps.intervalMs === 0 && this.#sent === 0 ? undefined : this.status();
  }

  status(): CanaryStatus {
    return {
      state: this.#state(),
      intervalMs: this.#deps.intervalMs,
      sent: this.#sent,
      returned: this.#returned,
      ...(this.#lastRoundTripMs !== undefined && { lastRoundTripMs: this.#lastRoundTripMs }),
      ...(this.#lastReturnedAt !== undefined && { lastReturnedAt: this.#lastReturnedAt }),
    };
  }

  #state(): CanaryState {
    const flight = this.#flight;
    switch (flight.name) {
      case 'none':
        return { name: this.#returned > 0 ? 'returned' : 'none' };
      case 'refused':
        return { name: 'refused', reason: flight.reason };
      case 'taken':
      case 'under-way': {
        const waitedMs = this.#deps.clock.monotonic() - flight.sentAt;
        return { name: waitedMs >= this.#deps.timeoutMs ? 'overdue' : 'under-way', waitedMs };
      }
    }
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#due(), ms);
  }

  #due(): void {
    const { isConnected, intervalMs } = this.#deps;
    const state = this.#state().name;
    // One that is overdue may have been lost with a damaged file: the next one tells more than waiting for it.
    if (!isConnected() || state === 'under-way') this.#wait(Math.min(lookAgainMs, intervalMs));
    else {
      this.#wait(intervalMs);
      void this.#send();
    }
  }

  /** Both are told as well by the state. */
  async #send(
    taken: (receipt: Receipt) => void = () => {},
    refused: (error: unknown) => void = () => {},
  ): Promise<void> {
    const { send, clock, log, timeoutMs, isConnected } = this.#deps;
    const sentAt = clock.monotonic();
    const flight: Flight = { name: 'taken', sentAt };
    this.#flight = flight;
    this.#sent++;
    clearTimeout(this.#overdueTimer);
    this.#overdueTimer = setTimeout(() => {
      // One that was asked for may have been sent without a collector.
      if (!isConnected()) return;
      log.warn({ waitedMs: timeoutMs }, 'A canary record has not come back: the path to the collector does not work.');
    }, timeoutMs);
    try {
      const { sequence = 0 } = await send(Buffer.from(`canary ${this.#sent}`));
      taken({ sequence });
      if (this.#flight === flight && !this.#isStopped) this.#flight = { name: 'under-way', sentAt, sequence };
    } catch (error) {
      refused(error);
      if (this.#flight !== flight) return;
      clearTimeout(this.#overdueTimer);
      this.#flight = { name: 'refused', reason: messageOf(error) };
    }
  }

  #acknowledged(batches: readonly StoredBatch[]): void {
    const flight = this.#flight;
    if (flight.name !== 'under-way') return;
    const { sequence } = flight;
    if (!batches.some((batch) => batch.firstSequence <= sequence && sequence <= lastSequenceOf(batch))) return;
    const { clock, onReturn } = this.#deps;
    clearTimeout(this.#overdueTimer);
    this.#flight = { name: 'none' };
    this.#returned++;
    this.#lastRoundTripMs = clock.monotonic() - flight.sentAt;
    this.#lastReturnedAt = clock.now();
    onReturn?.(this.#lastRoundTripMs);
  }
}

/** A canary as the options ask for it. */
export function canaryOf(
  options: Pick<UplinkOptions, 'canary' | 'plan' | 'acknowledgeTimeout'>,
  deps: Omit<CanaryDependencies, 'intervalMs' | 'timeoutMs'>,
): Canary {
  return new Canary({ ...deps, intervalMs: canaryIntervalMs(options), timeoutMs: options.acknowledgeTimeout });
}
