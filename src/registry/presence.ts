import type { MonotonicMs } from '../core/time.ts';

/** Whether a device is there, as far as can be told. */
export type Presence =
  /** It said so, or was heard no longer ago than it usually is silent. */
  | 'online'
  /** It has been silent for longer than is usual for it. */
  | 'stale'
  /** Its last will, its bridge or itself said so; or it has been silent for so long that it must be gone. */
  | 'offline'
  /** Nothing can be told: not heard since the gateway started, or what it is reached through is offline. */
  | 'unknown';

export const presences: readonly Presence[] = ['online', 'stale', 'offline', 'unknown'];

/** How long a device may be silent before it counts as `stale`, and as `offline`. */
export interface Silence {
  readonly staleMs: number;
  readonly offlineMs: number;
}

/** What is known of one device itself. All times are operating time, so that no jump of a clock moves anything. */
export interface Evidence {
  /** What was said of it last, by its own messages, its bridge or its will, unless it was refuted since. */
  readonly said: 'online' | 'offline' | undefined;
  /** When it was heard last; undefined: not since the gateway started. */
  readonly heardAtMs: MonotonicMs | undefined;
  /** From when on silence counts if it was not heard: when the gateway started, or first heard of it. */
  readonly sinceMs: MonotonicMs;
  readonly silence: Silence;
}

/** The presence of a device by itself, whatever it is reached through. */
export function ownPresence({ said, heardAtMs, sinceMs, silence }: Evidence, now: MonotonicMs): Presence {
  if (said === 'offline') return 'offline';
  if (heardAtMs === undefined) return now - sinceMs >= silence.offlineMs ? 'offline' : 'unknown';
  // Who says it is there, and has a will or a bridge to say otherwise, may be silent for as long as it likes.
  if (said === 'online') return 'online';
  const silentMs = now - heardAtMs;
  if (silentMs >= silence.offlineMs) return 'offline';
  return silentMs >= silence.staleMs ? 'stale' : 'online';
}

/** Something that a device is reached through. */
export interface Parent {
  readonly presence: Presence;
  /** Since when, in operating time. */
  readonly sinceMs: MonotonicMs;
}

/**
 * The presence of a device that is reached through others, next one first: whatever is offline on the way hides what is
 * behind it, unless it was heard since.
 */
export function presenceBehind(
  own: Presence,
  heardAtMs: MonotonicMs | undefined,
  parents: readonly Parent[],
): Presence {
  if (own === 'offline') return own;
  const isHidden = parents.some(
    ({ presence, sinceMs }) => presence === 'offline' && (heardAtMs === undefined || heardAtMs <= sinceMs),
  );
  return isHidden ? 'unknown' : own;
}

/** A device of which too little is known to tell what is usual: one that reports once a day must not come and go. */
const unlearnt: Silence = { staleMs: 3 * 3_600_000, offlineMs: 25 * 3_600_000 };
const leastStaleMs = 60_000;
const leastOfflineMs = 15 * 60_000;
/** A silence that a profile states is told beforehand, at this part of it. */
const staleShare = 0.5;

/** How often a device is usually heard, as was learnt. */
export interface Rhythm {
  /** The longest gap between two of its messages that is usual; it shrinks slowly when gaps are shorter. */
  usualMs: number;
  /** Gaps that were learnt from. */
  gaps: number;
  /** A gap so long that it counted as gone, which becomes usual when one like it follows soon; 0: none. */
  longMs: number;
  /** For how long it was heard since that one. */
  heardSinceLongMs: number;
}

export function newRhythm(): Rhythm {
  return { usualMs: 0, gaps: 0, longMs: 0, heardSinceLongMs: 0 };
}

/**
 * How many gaps are needed to tell what is usual. A battery device that wakes up every hour says several things at once,
 * seconds apart: that is not its rhythm.
 */
const enoughGaps = 16;
/** A gap shorter than what is usual brings this down by such a part of the difference at the most, … */
const forgetting = 1 / 32;
/** … and a burst of them by no more than its time is worth: it takes so many times the usual gap to forget that. */
const memory = 8;
/**
 * A device that is heard for such a part of the time that it was away before is one that is switched off at times, and not one
 * that sleeps.
 */
const wakefulShare = 1 / 4;

/**
 * How long a device may be silent.
 *
 * @param statedMs what its profile says: the silence after which it is gone
 */
export function silenceOf({ usualMs, gaps }: Rhythm, statedMs: number | undefined): Silence {
  if (statedMs !== undefined) return { staleMs: statedMs * staleShare, offlineMs: statedMs };
  if (gaps < enoughGaps) {
    // One that was silent for days already may be so again.
    return {
      staleMs: Math.max(unlearnt.staleMs, 3 * usualMs),
      offlineMs: Math.max(unlearnt.offlineMs, 10 * usualMs),
    };
  }
  return { staleMs: Math.max(3 * usualMs, leastStaleMs), offlineMs: Math.max(10 * usualMs, leastOfflineMs) };
}

/** Learns from a gap between two messages of a device, which counted as gone from `offlineMs` on. */
export function learnGap(rhythm: Rhythm, gapMs: number, offlineMs: number): void {
  if (gapMs >= offlineMs) {
    // It was away once. If it is away like that again, before much else happens, then this is how it is.
    if (rhythm.longMs > 0) rhythm.usualMs = Math.max(rhythm.usualMs, Math.min(rhythm.longMs, gapMs));
    rhythm.longMs = rhythm.longMs > 0 ? 0 : gapMs;
    rhythm.heardSinceLongMs = 0;
    return;
  }
  if (rhythm.longMs > 0) {
    rhythm.heardSinceLongMs += gapMs;
    if (rhythm.heardSinceLongMs > rhythm.longMs * wakefulShare) rhythm.longMs = 0;
  }
  rhythm.gaps = Math.min(rhythm.gaps + 1, enoughGaps);
  const { usualMs } = rhythm;
  if (gapMs >= usualMs) rhythm.usualMs = gapMs;
  else rhythm.usualMs = usualMs - (usualMs - gapMs) * Math.min(forgetting, gapMs / (memory * usualMs));
}
