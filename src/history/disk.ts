import { Worker } from 'node:worker_threads';
import { HeadgateError } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import { type Deltas, extentOf } from './deltas.ts';
import type {
  Correction,
  Introduction,
  Loss,
  QueryRequest,
  SeriesAnswer,
  Stamp,
  StoreStatus,
  WorkerRequest,
  WorkerResponse,
  WorkerSettings,
} from './worker-protocol.ts';

/** What the worker may have to look at, in buckets: beyond it they are lost, and counted. */
const maxInFlight = 65_536;
/** Queries that may wait for it: further ones are refused. */
const maxQueries = 64;
/** After it was lost, a worker is started anew when so much time has gone by. */
const retryMs = 30_000;
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

export interface HistoryDiskDependencies {
  readonly settings: Omit<WorkerSettings, 'isDamaged'>;
  readonly monotonic: () => number;
  /** A new worker knows of no series. */
  readonly lost: () => void;
  /** What is known by now of the time, for stamps of this run and these others. */
  readonly corrections: (others: readonly Stamp[]) => readonly Correction[];
  readonly log: Log;
}

export interface DiskAnswer {
  readonly series: readonly SeriesAnswer[];
  /** Series that were asked for and are left out, because they are too many. */
  readonly left: number;
  readonly losses: readonly Loss[];
}

/** What becomes of the worker. */
type State =
  /** Nothing was asked of it yet, and it costs nothing; or it is to be started again. */
  | { readonly name: 'idle'; readonly isDamaged: boolean; readonly sinceMs: number }
  /** It takes requests, though it may not have opened the file yet. */
  | { readonly name: 'running'; readonly worker: Worker; readonly opened: PromiseWithResolvers<void> }
  /** The gateway stops. */
  | { readonly name: 'closed' };

interface Waiting {
  resolve(answer: DiskAnswer): void;
  reject(error: Error): void;
}

/** The history's disk as the main thread sees it. Nothing here waits for it, and nothing here throws but a query. */
export class HistoryDisk {
  readonly #deps: HistoryDiskDependencies;
  #state: State = { name: 'idle', isDamaged: false, sinceMs: Number.NEGATIVE_INFINITY };
  readonly #queries = new Map<number, Waiting>();
  #lastQuery = 0;
  /** Queries that wait for it to be open. */
  #opening = 0;
  #inFlight = 0;
  /** What was handed over and is not known to be durable; those before the last commit that is under way. */
  #unconfirmed: Loss[] = [];
  #committing: Loss[] = [];
  #isCommitting = false;
  /** To be told the worker. */
  #losses: Loss[] = [];
  #failure: string | undefined;
  #hasToldFailure = false;
  /** Stamps in the journal of earlier runs; undefined: it is not open. */
  #stamps: readonly Stamp[] | undefined;
  status: StoreStatus | undefined;
  /** By this thread, and by workers that have ended. */
  #lostPoints = 0;
  putAside: string | undefined;

  constructor(deps: HistoryDiskDependencies) {
    this.#deps = deps;
  }

  /** Why nothing is written now; undefined: it is. */
  get failure(): string | undefined {
    return this.#failure ?? this.status?.failure;
  }

  get lostPoints(): number {
    return this.#lostPoints + (this.status?.lostPoints ?? 0);
  }

  send(series: readonly Introduction[], deltas: Deltas, stamp: Stamp | undefined): void {
    const { rows, length } = deltas.take();
    const isTooMuch = this.#inFlight + length > maxInFlight;
    if (isTooMuch || !this.#ensureStarted()) {
      this.#lose({ ...extentOf(rows, length), reason: isTooMuch ? 'slow-disk' : 'disk' });
      if (series.length > 0) this.#deps.lost();
      return;
    }
    this.#inFlight += length;
    this.#unconfirmed.push({ ...extentOf(rows, length), reason: 'damaged' });
    this.#post({ kind: 'deltas', series, rows, length, stamp }, [rows.buffer]);
  }

  /** Makes durable what was sent. @param nowMs undefined: nobody knows */
  commit(nowMs: number | undefined): void {
    // One at a time: a slow disk gets the next with all that there is.
    if (this.#state.name !== 'running' || this.#isCommitting) return;
    this.#isCommitting = true;
    this.#committing = this.#unconfirmed;
    this.#unconfirmed = [];
    // As long as it is not known what there is to be corrected, nothing gets its place for good.
    const corrections = this.#deps.corrections(this.#stamps ?? []);
    this.#post({ kind: 'commit', nowMs: this.#stamps && nowMs, corrections, losses: this.#losses });
    this.#losses = [];
  }

  /** @throws {HeadgateError} history.unavailable, or overload.shed when too many wait already */
  async query(query: Omit<QueryRequest, 'kind' | 'id' | 'corrections'>): Promise<DiskAnswer> {
    if (this.#queries.size + this.#opening >= maxQueries) {
      throw new HeadgateError('overload.shed', `${maxQueries} questions wait for the history already.`);
    }
    if (!this.#ensureStarted()) throw unavailable(this.failure ?? 'it is closed');
    this.#opening++;
    if (this.#state.name === 'running') await this.#state.opened.promise;
    this.#opening--;
    if (this.#state.name !== 'running') throw unavailable(this.failure ?? 'it is closed');
    const id = ++this.#lastQuery;
    const corrections = this.#deps.corrections(this.#stamps ?? []);
    return new Promise((resolve, reject) => {
      this.#queries.set(id, { resolve, reject });
      this.#post({ kind: 'query', id, corrections, ...query });
    });
  }

  /** Carries out what was asked for, and ends. */
  async close(deadline: AbortSignal): Promise<void> {
    const state = this.#state;
    this.#state = { name: 'closed' };
    if (state.name !== 'running') return;
    const { worker, opened } = state;
    opened.resolve();
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ kind: 'close' } satisfies WorkerRequest);
    const giveUp = (): void => void worker.terminate();
    deadline.addEventListener('abort', giveUp, { once: true });
    if (deadline.aborted) giveUp();
    await exited;
    deadline.removeEventListener('abort', giveUp);
    this.#rejectAll('the gateway stops');
  }

  #ensureStarted(): boolean {
    if (this.#state.name === 'running') return true;
    if (this.#state.name === 'closed') return false;
    const { isDamaged, sinceMs } = this.#state;
    if (this.#deps.monotonic() - sinceMs < retryMs) return false;
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const workerData: WorkerSettings = { ...this.#deps.settings, isDamaged };
    const worker = new Worker(entry, { workerData, name: 'history', resourceLimits });
    this.#state = { name: 'running', worker, opened: Promise.withResolvers() };
    this.#stamps = undefined;
    worker.on('message', (response: WorkerResponse) => this.#heard(worker, response));
    worker.on('error', (error) => this.#ended(worker, error.message, false));
    worker.on('exit', () => this.#ended(worker, 'its thread has ended', false));
    return true;
  }

  #heard(worker: Worker, response: WorkerResponse): void {
    switch (response.kind) {
      case 'opened':
        this.#stamps = response.stamps;
        if (this.#state.name === 'running') this.#state.opened.resolve();
        this.status = response.status;
        this.#failure = undefined;
        if (response.putAside !== undefined) this.#tellPutAside(response.putAside);
        return;
      case 'taken':
        this.#inFlight -= response.length;
        return;
      case 'committed':
        this.status = response.status;
        this.#isCommitting = false;
        // What it could not write it still has.
        if (response.status.failure === undefined) this.#committing = [];
        else {
          this.#unconfirmed = [...this.#committing, ...this.#unconfirmed];
          this.#committing = [];
        }
        this.#tellFailure(response.status.failure);
        return;
      case 'answer':
        this.#queries.get(response.id)?.resolve(response);
        this.#queries.delete(response.id);
        return;
      case 'query-failed':
        this.#queries.get(response.id)?.reject(unavailable(response.message));
        this.#queries.delete(response.id);
        return;
      case 'open-failed':
      case 'damaged':
        this.#ended(worker, response.message, response.kind === 'damaged');
    }
  }

  /** What it had and has not written is lost. */
  #ended(worker: Worker, reason: string, isDamaged: boolean): void {
    if (this.#state.name !== 'running' || this.#state.worker !== worker) return;
    // Whoever waits for it to open hears that it has not.
    this.#state.opened.resolve();
    // A damaged file is put aside at once; anything else may take a while to get better.
    const sinceMs = isDamaged ? Number.NEGATIVE_INFINITY : this.#deps.monotonic();
    this.#state = { name: 'idle', isDamaged, sinceMs };
    this.#failure = reason;
    this.#tellFailure(reason);
    for (const loss of [...this.#committing, ...this.#unconfirmed]) this.#lose(loss);
    this.#committing = [];
    this.#unconfirmed = [];
    this.#isCommitting = false;
    this.#inFlight = 0;
    this.#lostPoints += this.status?.lostPoints ?? 0;
    this.status = undefined;
    this.#rejectAll(reason);
    this.#deps.lost();
  }

  #lose(loss: Loss): void {
    this.#lostPoints += loss.points;
    const last = this.#losses.at(-1);
    if (last?.reason !== loss.reason) {
      this.#losses.push(loss);
      return;
    }
    this.#losses[this.#losses.length - 1] = {
      fromMs: Math.min(last.fromMs, loss.fromMs),
      toMs: Math.max(last.toMs, loss.toMs),
      points: last.points + loss.points,
      reason: loss.reason,
    };
  }

  #rejectAll(reason: string): void {
    for (const { reject } of this.#queries.values()) reject(unavailable(reason));
    this.#queries.clear();
  }

  /** Once, until it is well again. */
  #tellFailure(reason: string | undefined): void {
    const { log } = this.#deps;
    if (reason === undefined) {
      if (this.#hasToldFailure) log.info({}, 'The history is written again.');
    } else if (!this.#hasToldFailure) {
      log.warn({ reason }, 'The history is not written. Records are not affected; what can not be kept is counted.');
    }
    this.#hasToldFailure = reason !== undefined;
  }

  #tellPutAside(path: string): void {
    this.putAside = path;
    this.#deps.log.warn(
      { path },
      'The history could not be read: it was put aside, and begins anew. Records are not affected.',
    );
  }

  #post(request: WorkerRequest, transfer: ArrayBuffer[] = []): void {
    if (this.#state.name === 'running') this.#state.worker.postMessage(request, transfer);
  }
}

function unavailable(reason: string): HeadgateError {
  return new HeadgateError('history.unavailable', `The history can not be read: ${reason}.`);
}
