/** How events come: a stream of them, a WebSocket where something in between holds a stream back, questions where nothing else works. */
export type Way = 'events' | 'socket' | 'polling';

/** Which way is taken, and how it went lately. */
export interface Ways {
  readonly way: Way;
  /** Times in a row that this way ended soon, or never began. */
  readonly failures: number;
  /** When a better way was left, in ms; undefined: none was. */
  readonly leftAtMs: number | undefined;
}

export const firstWay: Ways = { way: 'events', failures: 0, leftAtMs: undefined };

/** What ends before that has failed, in ms. */
const soonMs = 10_000;
/** After that the best way is tried again, in ms. */
const againMs = 300_000;
const next: Readonly<Record<Way, Way>> = { events: 'socket', socket: 'polling', polling: 'polling' };

/**
 * Which way is taken next, after one has ended.
 *
 * @param livedMs how long events came by it; undefined: there were none, though the gateway took the connection or nobody answered
 * @param isAnswered the gateway answered at all: where nobody does, another way helps nothing
 * @param isHeld something in between holds back what comes by it: once is enough
 */
export function wayAfter(
  ways: Ways,
  nowMs: number,
  livedMs: number | undefined,
  isAnswered: boolean,
  isHeld = false,
): Ways {
  if (ways.leftAtMs !== undefined && nowMs - ways.leftAtMs >= againMs) return firstWay;
  if (!isAnswered) return ways;
  if (livedMs !== undefined && livedMs >= soonMs) return { ...ways, failures: 0 };
  const failures = ways.failures + 1;
  if ((failures < 2 && !isHeld) || ways.way === 'polling') return { ...ways, failures };
  return { way: next[ways.way], failures: 0, leftAtMs: ways.leftAtMs ?? nowMs };
}
