export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * The next wait by decorrelated jitter: anywhere between `minMs` and three times the previous wait, at most `maxMs`.
 * Many gateways that lost the same collector spread out by themselves.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param previousMs the wait before this one; `minMs` or less at first
 * @param random a number in [0, 1)
 */
export function nextBackoff(limits: BackoffLimits, previousMs: number, random: number): number {
  const ceiling = Math.max(limits.minMs, previousMs * 3);
  return Math.min(limits.maxMs, limits.minMs + random * (ceiling - limits.minMs));
}
