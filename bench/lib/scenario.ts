import type { Backlogs } from './backlogs.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** One number that each run of a peer gives. */
export interface Metric {
  readonly key: string;
  /** Head of its column, unit included. */
  readonly label: string;
  readonly digits: number;
}

/** What one run of a peer measured, by metric key. Keys may be missing where they mean nothing. */
export type Sample = Readonly<Record<string, number>>;

/** What a run may use. */
export interface Bench {
  /** How long to keep a load up. Scenarios that go by a count take this times a usual rate. */
  readonly seconds: number;
  /** Records of the backlog that `drain` drains. */
  readonly records: number;
  /** An empty folder on the disk that is measured, for this run alone. */
  readonly folder: string;
  /** Where Headgate's processes write CPU profiles; undefined when none are wanted. */
  readonly profileFolder: string | undefined;
  readonly backlogs: Backlogs;
  say(line: string): void;
}

export interface Peer {
  readonly name: string;
  run(bench: Bench): Promise<Sample>;
}

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  /** `unknown`: a peer that it needs was not run, or broke. */
  readonly outcome: 'met' | 'missed' | 'unknown';
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What is measured, in a paragraph. */
  readonly about: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly metrics: readonly Metric[];
  readonly peers: readonly Peer[];
  /** Each peer's `metric` is compared with that of the peer `to`. */
  readonly ratio?: { readonly metric: string; readonly to: string };
  goals(summary: Summary): readonly Goal[];
}

/** All that a scenario's runs measured. */
export class Summary {
  /** By peer, in rounds. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(samples: ReadonlyMap<string, readonly Sample[]>) {
    this.samples = samples;
  }

  /** Undefined when the peer was not run or never measured this. */
  spread(peer: string, metric: string): Spread | undefined {
    const values = (this.samples.get(peer) ?? []).flatMap((sample) => sample[metric] ?? []);
    return values.length === 0 ? undefined : spreadOf(values);
  }

  median(peer: string, metric: string): number {
    return this.spread(peer, metric)?.median ?? Number.NaN;
  }

  /** Round by round, as what disturbed one peer of a round likely disturbed the others. */
  ratio(peer: string, to: string, metric: string): Spread | undefined {
    const others = this.samples.get(to) ?? [];
    const ratios = (this.samples.get(peer) ?? []).flatMap((sample, round) => {
      const ratio = (sample[metric] ?? Number.NaN) / (others[round]?.[metric] ?? Number.NaN);
      return Number.isFinite(ratio) ? ratio : [];
    });
    return ratios.length === 0 ? undefined : spreadOf(ratios);
  }
}

/** A goal that a number stays at or under a limit. */
export function atMost(what: string, got: number, limit: number, unit: string, digits = 1): Goal {
  return goal(what, '≤', got, limit, unit, digits, got <= limit);
}

/** A goal that a number reaches a limit. */
export function atLeast(what: string, got: number, limit: number, unit: string, digits = 1): Goal {
  return goal(what, '≥', got, limit, unit, digits, got >= limit);
}

function goal(
  what: string,
  sign: '≤' | '≥',
  got: number,
  limit: number,
  unit: string,
  digits: number,
  isMet: boolean,
): Goal {
  const told = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const isKnown = Number.isFinite(got) && Number.isFinite(limit);
  return {
    what,
    wanted: Number.isFinite(limit) ? `${sign} ${told(limit)} ${unit}` : '',
    got: Number.isFinite(got) ? `${told(got)} ${unit}` : '',
    outcome: isKnown ? (isMet ? 'met' : 'missed') : 'unknown',
  };
}
