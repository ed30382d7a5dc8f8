import { type Interval, Intervals } from '../lib/intervals.ts';

/**
 * What all collectors know of one gateway's epoch: the value of its key in the progress store. It is changed by
 * compare-and-set only, so that of two collectors that serve one gateway for a moment, one notices.
 */
export interface Progress {
  /** The collector that changed it last. */
  readonly holder: string;
  /** Sequences that are in the stream, for sure. */
  readonly durable: Intervals;
  /** Those that a collector meant to publish: whether they are in the stream, the stream has to be asked. */
  readonly open: OpenRuns | undefined;
}

export interface OpenRuns {
  /** Of the stream: what was published of `runs` lies behind it. */
  readonly since: number;
  /** Ascending, merged, none of them durable; at least one. */
  readonly runs: readonly Interval[];
}

interface ProgressJson {
  readonly version: 1;
  readonly holder: string;
  /** See {@link deltas}. */
  readonly durable: readonly number[];
  readonly open?: { readonly since: number; readonly runs: readonly number[] };
}

export function encodeProgress({ holder, durable, open }: Progress): Uint8Array {
  const json: ProgressJson = {
    version: 1,
    holder,
    durable: deltas(durable),
    ...(open && { open: { since: open.since, runs: deltas(open.runs) } }),
  };
  return Buffer.from(JSON.stringify(json));
}

/** @returns undefined when the bytes are no progress, or of a version that is not known here */
export function decodeProgress(bytes: Uint8Array): Progress | undefined {
  let json: Partial<ProgressJson> | null;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    // The caller says whose bytes they are.
    return undefined;
  }
  if (json?.version !== 1 || typeof json.holder !== 'string') return undefined;
  const durable = runsOf(json.durable);
  const open = json.open && { since: json.open.since, runs: runsOf(json.open.runs) };
  if (durable === undefined) return undefined;
  if (open === undefined) return { holder: json.holder, durable: new Intervals(durable), open };
  if (open.runs === undefined || open.runs.length === 0 || !isWhole(open.since)) return undefined;
  return { holder: json.holder, durable: new Intervals(durable), open: { since: open.since, runs: open.runs } };
}

/** Open runs with others that are to be published now, for which `since` holds. */
export function withOpen(open: OpenRuns | undefined, fresh: Iterable<Interval>, since: number): OpenRuns | undefined {
  const runs = [...new Intervals([...(open?.runs ?? []), ...fresh])];
  return runs.length === 0 ? undefined : { since: Math.min(open?.since ?? since, since), runs };
}

/** What is left of open runs when those of `settled` are known to be in the stream. */
export function withoutSettled(open: OpenRuns | undefined, settled: Intervals): OpenRuns | undefined {
  if (open === undefined) return undefined;
  const runs = open.runs.flatMap((run) => missing(run, settled));
  return runs.length === 0 ? undefined : { since: open.since, runs };
}

/** The parts of a run that are not in a set. */
function missing({ first, last }: Interval, set: Intervals): Interval[] {
  const parts: Interval[] = [];
  let from = first;
  for (const run of set.since(first)) {
    if (run.first > last) break;
    if (run.first > from) parts.push({ first: from, last: run.first - 1 });
    from = run.last + 1;
  }
  if (from <= last) parts.push({ first: from, last });
  return parts;
}

/** Runs as small numbers: how far each begins behind the end of the one before it, and its length less one. */
function deltas(runs: Iterable<Interval>): number[] {
  const numbers: number[] = [];
  let end = 0;
  for (const { first, last } of runs) {
    numbers.push(first - end, last - first);
    end = last;
  }
  return numbers;
}

function runsOf(numbers: unknown): Interval[] | undefined {
  if (!Array.isArray(numbers) || numbers.length % 2 !== 0 || !numbers.every(isWhole)) return undefined;
  const runs: Interval[] = [];
  let end = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const first = end + numbers[i];
    end = first + numbers[i + 1];
    if (numbers[i] === 0 || !Number.isSafeInteger(end)) return undefined;
    runs.push({ first, last: end });
  }
  return runs;
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
