import { Complaints } from './complaints.ts';
import type { CollectorEntry } from './status.ts';

/** The collectors that a gateway may use, in order of preference, and what is wrong with each. */
export class Roster {
  readonly urls: readonly string[];
  readonly #complaints: readonly Complaints[];

  constructor(urls: readonly string[]) {
    this.urls = urls;
    this.#complaints = urls.map(() => new Complaints());
  }

  of(collector: number): Complaints {
    return this.#complaints[collector]!;
  }

  /** @param current the one that is connected, dialled or waited for */
  entries(current: number | undefined): CollectorEntry[] {
    return this.urls.map((url, index) => {
      const problem = this.of(index).latest?.reason;
      return { url, isCurrent: index === current, ...(problem !== undefined && { problem }) };
    });
  }

  /** Why there is no connection: `rejected` when all refuse this gateway, otherwise some may be had again by waiting. */
  whyNone(): { readonly name: 'waiting' | 'rejected'; readonly reason: string } {
    const latest = this.#complaints.map((complaints) => complaints.latest);
    const name = latest.every((one) => one?.isRejection) ? 'rejected' : 'waiting';
    if (latest.length === 1) return { name, reason: latest[0]?.reason ?? '' };
    const reasons = latest.flatMap((one, index) => (one === undefined ? [] : [`${this.urls[index]}: ${one.reason}`]));
    return { name, reason: reasons.join('; ') };
  }
}
