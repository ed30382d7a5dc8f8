/**
 * How much of what is asked can be done. `normal`: all. `busy`: reads that can wait are put off, slow live readers are let go. `overloaded`: what
 * is published as `bulk` is put off too, and no live reader is let in; what is `critical` or normal, and whether the gateway is well, never are.
 */
export type LoadLevel = 'normal' | 'busy' | 'overloaded';

/** What one second was like. */
export interface LoadSample {
  /** By how much timers were late at worst. */
  readonly lateMs: number;
  /** Of the memory that JavaScript may have, from 0 to 1. */
  readonly heapShare: number;
  /** Of what may wait for the disk in memory, from 0 to 1. */
  readonly pendingShare: number;
}

export interface LoadLimits {
  readonly maxLateMs: number;
}

export interface LoadState {
  readonly level: LoadLevel;
  /** Why it is not `normal`, as a sentence; undefined: it is. */
  readonly reason: string | undefined;
  /** Seconds in a row that were worse than the level, or clearly better. */
  readonly worseFor: number;
  readonly betterFor: number;
}

export const unloaded: LoadState = { level: 'normal', reason: undefined, worseFor: 0, betterFor: 0 };

const levels: readonly LoadLevel[] = ['normal', 'busy', 'overloaded'];
/** One second may be a garbage collection, or somebody else's program. */
const secondsToRise = 2;
/** A level is left only when it has been clearly better for a while: else it would come and go with what it sheds. */
const secondsToFall = 5;
const clearly = 0.7;

const heapLimits = [0.85, 0.94] as const;
const pendingLimits = [0.6, 0.95] as const;
/** Between `busy` and `overloaded`. */
const lateFactor = 4;

/** What a second makes of the state: it rises after two seconds, and falls a level at a time. Pure. */
export function nextLoad(state: LoadState, sample: LoadSample, limits: LoadLimits): LoadState {
  const now = levels.indexOf(state.level);
  const found = rankOf(sample, limits, 1);
  if (found > now) {
    const worseFor = state.worseFor + 1;
    if (worseFor < secondsToRise) return { ...state, worseFor, betterFor: 0 };
    return { level: levels[found]!, reason: reasonOf(sample, limits), worseFor: 0, betterFor: 0 };
  }
  if (now === 0 || rankOf(sample, limits, clearly) >= now) return { ...state, worseFor: 0, betterFor: 0 };
  const betterFor = state.betterFor + 1;
  if (betterFor < secondsToFall) return { ...state, worseFor: 0, betterFor };
  const level = levels[now - 1]!;
  return { level, reason: level === 'normal' ? undefined : state.reason, worseFor: 0, betterFor: 0 };
}

/** @param factor on all limits */
function rankOf({ lateMs, heapShare, pendingShare }: LoadSample, { maxLateMs }: LoadLimits, factor: number): number {
  const rank = (value: number, [busy, overloaded]: readonly [number, number]): number =>
    value >= overloaded * factor ? 2 : value >= busy * factor ? 1 : 0;
  return Math.max(
    rank(lateMs, [maxLateMs, maxLateMs * lateFactor]),
    rank(heapShare, heapLimits),
    rank(pendingShare, pendingLimits),
  );
}

function reasonOf({ lateMs, heapShare, pendingShare }: LoadSample, { maxLateMs }: LoadLimits): string {
  const parts = [
    ...(lateMs >= maxLateMs ? [`everything is ${Math.round(lateMs)} ms late`] : []),
    ...(heapShare >= heapLimits[0] ? [`${Math.round(heapShare * 100)} % of the memory is in use`] : []),
    ...(pendingShare >= pendingLimits[0]
      ? [`${Math.round(pendingShare * 100)} % of what may wait for the disk does`]
      : []),
  ];
  return `The gateway has more to do than it can: ${parts.join(', ')}.`;
}
