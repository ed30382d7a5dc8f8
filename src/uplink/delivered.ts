import type { Priority } from '../core/priority.ts';
import type { UnixMs } from '../core/time.ts';
import type { Settled } from './session.ts';
import type { UplinkStatus } from './status.ts';

const priorities: readonly Priority[] = ['critical', 'normal', 'bulk'];

/** What collectors have acknowledged since this process started. */
export class Delivered {
  readonly #byPriority: Record<Priority, number> = { critical: 0, normal: 0, bulk: 0 };
  #bytes = 0;
  #lastAt: UnixMs | undefined;

  add(settled: Settled, now: UnixMs): void {
    for (const priority of priorities) this.#byPriority[priority] += settled.recordsByPriority[priority];
    this.#bytes += settled.bytes;
    this.#lastAt = now;
  }

  get status(): Pick<
    UplinkStatus,
    'lastAcknowledgedAt' | 'acknowledgedRecords' | 'acknowledgedBytes' | 'acknowledgedByPriority'
  > {
    const { critical, normal, bulk } = this.#byPriority;
    return {
      ...(this.#lastAt !== undefined && { lastAcknowledgedAt: this.#lastAt }),
      acknowledgedRecords: critical + normal + bulk,
      acknowledgedBytes: this.#bytes,
      acknowledgedByPriority: { critical, normal, bulk },
    };
  }
}
