import type { LiveBatch, LiveGap } from '../core/live.ts';
import type { FeedEvent } from './event.ts';

export class Batch implements LiveBatch {
  readonly epoch: string;
  readonly to: number;
  readonly gap: LiveGap | undefined;
  readonly events: readonly FeedEvent[];
  readonly #forms = new Map<string, unknown>();

  constructor(epoch: string, to: number, events: readonly FeedEvent[], gap?: LiveGap) {
    this.epoch = epoch;
    this.to = to;
    this.events = events;
    this.gap = gap;
  }

  form<T>(name: string, make: (batch: LiveBatch) => T): T {
    const known = this.#forms.get(name);
    if (known !== undefined) return known as T;
    const made = make(this);
    this.#forms.set(name, made);
    return made;
  }
}
