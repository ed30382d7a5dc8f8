/** Where a chain stands at a moment. */
export interface Progress {
  readonly atMs: number;
  /** Messages that have reached its end. */
  readonly arrived: number;
  /** Messages stored on the way, where that is known. */
  readonly waiting?: number;
}

/**
 * What arrives a second in the middle half of a load, and by how much the backlog grows meanwhile: a rate is sustained
 * when that is about zero. Nothing where the load was too short to tell.
 */
export function sustained(progress: readonly Progress[]): { readonly sustained?: number; readonly growth?: number } {
  const from = progress[Math.ceil(progress.length / 4)];
  const to = progress[Math.floor((progress.length * 3) / 4)];
  if (from === undefined || to === undefined || to.atMs - from.atMs < 500) return {};
  const seconds = (to.atMs - from.atMs) / 1000;
  return {
    sustained: (to.arrived - from.arrived) / seconds,
    ...(to.waiting !== undefined && from.waiting !== undefined && { growth: (to.waiting - from.waiting) / seconds }),
  };
}
