import type { FeedBounds } from './feed.ts';

export interface HubBounds extends FeedBounds {
  readonly maxSubscriptions: number;
  /** Different wishes among them: each event is noted for each one that wants it. */
  readonly maxAudiences: number;
  /** Who takes nothing for so long is let go. */
  readonly frozenMs: number;
  /** Who was waited for so long is slow: one of the first to go when the gateway has too much to do. */
  readonly slowMs: number;
  /** Events a second that are a flood. */
  readonly floodPerSecond: number;
  /** So long after the last reader left nothing is kept any more. */
  readonly lingerMs: number;
}

export const usualBounds: HubBounds = {
  measured: { keepMs: 60_000, keepCount: 10_000, maxCount: 50_000, maxBytes: 16 << 20 },
  lasting: { keepMs: 60_000, keepCount: 10_000, maxCount: 10_000, maxBytes: 4 << 20 },
  maxSeries: 10_000,
  maxSubscriptions: 20_000,
  maxAudiences: 1_000,
  frozenMs: 30_000,
  slowMs: 5_000,
  floodPerSecond: 25_000,
  lingerMs: 150_000,
};
