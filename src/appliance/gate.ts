import { formatDuration } from '../core/units.ts';

// The health gate, as what is seen over time. After an update the new version runs on trial: it is kept when it does what the old one
// did, and otherwise the machine goes back. Pure: who looks, and how, is in `gate-watch.ts`.

/** Times in milliseconds. */
export interface GateLimits {
  /** All of it: whoever has not shown by then that it works does not. */
  readonly total: number;
  /** So long one process has to do well without a break: longer than the watchdog takes to find out that it is stuck. */
  readonly steady: number;
  /** A gateway that says why it can't start may be helped for so long. */
  readonly failedStart: number;
  /** So long every collector has to refuse it: one that restarts may say no for a moment. */
  readonly refused: number;
  /** Without a connection for so long there is none to be had. */
  readonly offline: number;
  /** How long a backlog may lie still on a connection that works. */
  readonly still: number;
  /** Processes that may be seen: the first, and those that somebody's new settings ask for. */
  readonly runs: number;
}

export const gateLimits: GateLimits = {
  total: 600_000,
  steady: 90_000,
  failedStart: 120_000,
  refused: 60_000,
  offline: 240_000,
  still: 120_000,
  runs: 3,
};

/** What is known of the uplink under the version before. */
export type Before =
  /** Records reached a collector. */
  | 'worked'
  /** Collectors refused it. */
  | 'refused'
  /** There was no connection. */
  | 'down'
  /** Nobody wrote it down: the machine lost its power. */
  | 'unknown';

/** What the gateway looks like at one moment. */
export type Seen =
  /** Nobody answers, or not in time. */
  | { readonly name: 'silent'; readonly reason: string }
  /** It shows why it can't start. */
  | { readonly name: 'failed'; readonly reason: string }
  /** It runs and says how it is. */
  | { readonly name: 'running'; readonly run: Run };

/** A gateway that answers. */
export interface Run {
  /** Tells processes apart. */
  readonly id: string;
  /** It takes messages and keeps them; otherwise why not, in a sentence. */
  readonly trouble: string | undefined;
  readonly uplink: {
    readonly state: 'connected' | 'down' | 'refused';
    /** Why it is not connected. */
    readonly reason: string;
    /** Connections that were made since the process started. */
    readonly connections: number;
    /** Why part of the backlog is held back on purpose; undefined: nothing is. */
    readonly hold: string | undefined;
    /** The collector is on this machine: without a connection something is wrong here. */
    readonly isHere: boolean;
  };
  /** Records from before the canary: how many wait, and how many were ever delivered. */
  readonly backlog: { readonly waiting: number; readonly delivered: number };
}

/** Where the canary is: a record of the gateway's own that goes the way of all. */
export type CanarySeen =
  | { readonly name: 'none' }
  /** This gateway's disk did not take it. */
  | { readonly name: 'refused'; readonly reason: string }
  /** It is durable here, in the process of that id. */
  | { readonly name: 'stored'; readonly run: string }
  /** The collector has acknowledged it as well. */
  | { readonly name: 'returned'; readonly run: string };

/** One look. */
export interface Look {
  /** Since the gate began, in milliseconds. */
  readonly atMs: number;
  readonly gateway: Seen;
  readonly canary: CanarySeen;
}

export type Verdict =
  /** Nothing is certain yet; `until` says what is missing. */
  | { readonly name: 'wait'; readonly until: string }
  /** The new version stays. */
  | { readonly name: 'keep'; readonly shown: 'online' | 'offline'; readonly text: string }
  /** It does not do what it is there for. */
  | { readonly name: 'back'; readonly reason: string };

/** What is remembered from look to look. */
export interface GateState {
  readonly runs: number;
  /** The process that was seen last. */
  readonly id: string | undefined;
  /** Since when it has been well, without a break; undefined: it is not. */
  readonly wellSince: number | undefined;
  readonly failedSince: number | undefined;
  readonly refusedSince: number | undefined;
  /** When there was a connection last; before the first, when one could have been made first. */
  readonly linkedAt: number | undefined;
  readonly connections: number;
  /** Of this process on its first connection; undefined: it has had none. */
  readonly backlog: (Run['backlog'] & { readonly atMs: number }) | undefined;
  readonly hasMoved: boolean;
}

export const newGate: GateState = {
  runs: 0,
  id: undefined,
  wellSince: undefined,
  failedSince: undefined,
  refusedSince: undefined,
  linkedAt: undefined,
  connections: 0,
  backlog: undefined,
  hasMoved: false,
};

/** One look further. */
export function lookOn(before: GateState, look: Look): GateState {
  const { atMs, gateway } = look;
  if (gateway.name !== 'running') {
    const failedSince = gateway.name === 'failed' ? (before.failedSince ?? atMs) : undefined;
    return { ...before, wellSince: undefined, refusedSince: undefined, failedSince };
  }
  const { id, trouble, uplink, backlog } = gateway.run;
  // What another process has shown says nothing of this one.
  const known = before.id === id ? before : { ...newGate, runs: before.runs + 1, id };
  const isLinked = uplink.state === 'connected' || uplink.connections > known.connections;
  const first = known.backlog ?? (isLinked ? { ...backlog, atMs } : undefined);
  return {
    ...known,
    failedSince: undefined,
    wellSince: trouble === undefined ? (known.wellSince ?? atMs) : undefined,
    refusedSince: uplink.state === 'refused' ? (known.refusedSince ?? atMs) : undefined,
    linkedAt: isLinked ? atMs : (known.linkedAt ?? (trouble === undefined ? atMs : undefined)),
    connections: uplink.connections,
    backlog: first,
    hasMoved: known.hasMoved || (first !== undefined && (backlog.waiting === 0 || backlog.delivered > first.delivered)),
  };
}

/** What is to be done, once that look was taken. */
export function verdictOf(gate: GateState, look: Look, before: Before, limits: GateLimits = gateLimits): Verdict {
  const found = judge(gate, look, before, limits);
  if (found.name !== 'wait' || look.atMs < limits.total) return found;
  return { name: 'back', reason: `within ${formatDuration(limits.total)} it did not get far enough: ${found.until}` };
}

function judge(gate: GateState, look: Look, before: Before, limits: GateLimits): Verdict {
  const { atMs, gateway, canary } = look;
  const wait = (until: string): Verdict => ({ name: 'wait', until });
  const back = (reason: string): Verdict => ({ name: 'back', reason });
  const lasts = (since: number | undefined, ms: number): boolean => since !== undefined && atMs - since >= ms;
  if (gate.runs > limits.runs) return back(`it was started ${gate.runs} times, as it ended or did not answer`);
  if (gateway.name === 'silent') return wait(`the gateway does not answer (${gateway.reason})`);
  if (gateway.name === 'failed') {
    const why = `the gateway does not start: ${gateway.reason}`;
    return lasts(gate.failedSince, limits.failedStart) ? back(why) : wait(why);
  }
  const { trouble, uplink } = gateway.run;
  if (trouble !== undefined) return wait(trouble);
  if (canary.name === 'refused') return wait(`its disk does not take a record: ${canary.reason}`);
  if (canary.name === 'none' || canary.run !== gateway.run.id) return wait('no record of its own is on its disk yet');
  // What the version before did not have either can't be this one's fault.
  if (uplink.state === 'refused' && (before === 'worked' || before === 'unknown')) {
    const why = `the collector refuses this version: ${uplink.reason}`;
    return lasts(gate.refusedSince, limits.refused) ? back(why) : wait(why);
  }
  if (!lasts(gate.wellSince, limits.steady)) return wait('it has not been well for long enough');
  if (uplink.state !== 'connected') {
    if (uplink.isHere || !lasts(gate.linkedAt, limits.offline)) return wait(`there is no uplink: ${uplink.reason}`);
    const text = `kept, offline: forwarding was not shown (${uplink.reason})`;
    return { name: 'keep', shown: 'offline', text };
  }
  if (canary.name !== 'returned') return wait('the collector has not acknowledged the record that was sent to it');
  if (gate.hasMoved || gate.backlog === undefined) {
    return {
      name: 'keep',
      shown: 'online',
      text: 'kept: what it takes in is acknowledged by its disk and by the collector',
    };
  }
  if (uplink.hold !== undefined) {
    const text = `kept: a record is acknowledged by the collector; the backlog is held back (${uplink.hold})`;
    return { name: 'keep', shown: 'online', text };
  }
  const why = 'the backlog does not move, although the collector acknowledges what is new';
  return lasts(gate.backlog.atMs, limits.still) ? back(why) : wait(why);
}
