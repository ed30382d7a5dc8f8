import type { StoredBatch } from '../core/batch.ts';
import { HeadgateError } from '../core/errors.ts';
import type { ClockCorrection, ClockCorrections, UnixMs } from '../core/time.ts';
import { type Disk, failureOf } from './disk.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Damage, WorkerResponse } from './worker-protocol.ts';

/** A span of the wall clock, from `fromMs` up to, but not including, `toMs`; of one rule or of all. */
export interface Window {
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
  readonly rule?: string;
}

/** A batch as it lies on disk, whether it waits or was delivered. */
export interface HistoryBatch extends StoredBatch {
  /** Its place in its lane. */
  readonly position: number;
  /** When its first record was taken in, as far as is known now; the others came after it. */
  readonly takenAtMs: UnixMs;
  /** What of the times in its records is still to be corrected. */
  readonly correction?: ClockCorrection | undefined;
}

export interface HistoryDependencies {
  readonly lanes: Lanes;
  readonly disk: () => Disk | undefined;
  readonly onDamage: (damage: Damage) => void;
  readonly corrections: ClockCorrections | undefined;
}

/** Read at once, for each lane: many lanes may be read side by side. */
const pieceBytes = 256 * 1024;

/**
 * Every batch on disk that was begun within a window, in order of sequence over all lanes. Memory and time between two of
 * the disk's commits are bounded, whatever the window; what is deleted while it is read is left out.
 * @throws {HeadgateError} buffer.closed or buffer.failed
 */
export async function* historyOf(window: Window, deps: HistoryDependencies): AsyncGenerator<HistoryBatch, void, void> {
  const lanes = [...deps.lanes].filter(({ info }) => window.rule === undefined || info.rule === window.rule);
  yield* inOrder(lanes.map((lane) => ofLane(lane, window, deps)));
}

async function* ofLane(lane: Lane, { fromMs, toMs }: Window, deps: HistoryDependencies): AsyncGenerator<HistoryBatch> {
  const { corrections } = deps;
  // On disk they are as they were stamped: those that are to be moved into the window lie outside of it.
  const shifts = [0, ...(corrections?.shiftsMs ?? [])];
  const asked = { fromMs: fromMs - Math.max(...shifts), toMs: toMs - Math.min(...shifts) };
  for (let from: number | undefined = 0; from !== undefined; ) {
    const piece: WindowPiece = await ask(deps.disk(), lane.key, from, asked.fromMs, asked.toMs);
    if (piece.segments !== undefined) lane.segments = piece.segments;
    for (const damage of piece.damages) deps.onDamage(damage);
    for (const { position, firstSequence, count, records, takenAtMs, ageAtMs } of piece.batches) {
      const correction = corrections?.of({ takenAtMs, ageAtMs });
      const at = takenAtMs + (correction?.shiftMs ?? 0);
      if (at < fromMs || at >= toMs) continue;
      yield { lane: lane.key, position, firstSequence, count, records, takenAtMs: at, correction };
    }
    from = piece.next;
  }
}

type WindowPiece = WorkerResponse & { readonly kind: 'window' };

async function ask(
  disk: Disk | undefined,
  lane: string,
  from: number,
  fromMs: UnixMs,
  toMs: UnixMs,
): Promise<WindowPiece> {
  if (disk === undefined) throw new HeadgateError('buffer.closed', 'The buffer is not open.');
  const response = await disk.request({ kind: 'window', lane, from, fromMs, toMs, maxBytes: pieceBytes });
  if (response.kind === 'window') return response;
  throw failureOf(response.kind === 'failed' ? response.message : response.kind);
}

/** Merges runs that are each in order of sequence. Ends all of them when its reader has had enough. */
async function* inOrder(runs: readonly AsyncGenerator<HistoryBatch>[]): AsyncGenerator<HistoryBatch, void, void> {
  const heads: { batch: HistoryBatch; run: AsyncGenerator<HistoryBatch> }[] = [];
  try {
    for (const run of runs) {
      const { value, done } = await run.next();
      if (!done) heads.push({ batch: value, run });
    }
    for (;;) {
      const [first, ...others] = heads;
      if (first === undefined) return;
      const lowest = others.reduce((a, b) => (b.batch.firstSequence < a.batch.firstSequence ? b : a), first);
      yield lowest.batch;
      const { value, done } = await lowest.run.next();
      if (done) heads.splice(heads.indexOf(lowest), 1);
      else lowest.batch = value;
    }
  } finally {
    for (const run of runs) await run.return(undefined);
  }
}
