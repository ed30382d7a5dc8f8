import { messageOf } from '../core/errors.ts';
import type { Store } from './store.ts';
import type { LaneOutcome, LaneWrite, WorkerRequest, WorkerResponse } from './worker-protocol.ts';

/** An answer, and the memory that may go with it instead of being copied. */
export interface Answer {
  readonly response: WorkerResponse;
  readonly transfer?: ArrayBuffer[];
}

type FailedOutcome = Exclude<LaneOutcome, { kind: 'stored' }>;

/** Carries out what the main thread asks of the disk, one request after the other. Never throws. */
export class Requests {
  readonly #store: Store;
  /** By lane: the generation in which a write of batches failed last, and how. */
  readonly #failed = new Map<string, { readonly generation: number; readonly outcome: FailedOutcome }>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** What the main thread is told once the store is open. */
  opened(): Answer {
    const { identity, head, lanes, damages } = this.#store;
    const { reserved: usedUpTo, operatingMs } = head;
    const deliveries = this.#store.deliveries();
    return { response: { kind: 'opened', identity, usedUpTo, operatingMs, lanes, damages, deliveries } };
  }

  /** @returns undefined for `close`, which has no answer */
  carryOut(request: WorkerRequest): Answer | undefined {
    const store = this.#store;
    switch (request.kind) {
      case 'write':
        return this.#write(request);
      case 'drop':
        return attempt(() => {
          const before = this.#failedBefore(request.write);
          if (before !== undefined) throw new Error(before.message);
          const isSaved = store.drop(request.write, request.segments);
          return { kind: 'dropped', isSaved, segments: store.lane(request.write.lane.key)?.segments ?? [] };
        });
      case 'reserve':
        return attempt(() => {
          store.faults.before('reserve');
          store.head.reserve(request.upTo, request.operatingMs);
          return { kind: 'done' };
        });
      case 'probe':
        return attempt(() => {
          store.probe();
          return { kind: 'done' };
        });
      case 'space':
        return attempt(() => ({ kind: 'space', freeBytes: store.freeBytes }));
      case 'read':
        return attempt(() => this.#read(request));
      case 'window':
        return attempt(() => this.#window(request));
      case 'shelf':
        return attempt(() => {
          store.faults.before('shelf');
          store.shelf.apply(request.changes);
          return { kind: 'done' };
        });
      case 'shelf-entries':
        return attempt(() => ({ kind: 'entries', entries: store.shelf.entries(request.space) }));
      case 'backup':
        return attempt(() => ({ kind: 'copied', ...store.backup(request.directory) }));
      case 'close':
        store.close(request.usedUpTo, request.operatingMs);
        return undefined;
    }
  }

  /** What comes behind batches that failed must not overtake them: their sources will send both again, in order. */
  #write({ lanes }: WorkerRequest & { kind: 'write' }): Answer {
    const started = performance.now();
    const outcomes = lanes.map((lane): LaneOutcome => {
      const { key } = lane.lane;
      const before = this.#failedBefore(lane);
      if (before !== undefined) return before;
      const outcome = this.#store.write(lane);
      if (outcome.kind !== 'stored' && lane.batches.length > 0) {
        this.#failed.set(key, { generation: lane.generation, outcome });
      }
      return outcome;
    });
    const records = lanes.flatMap(({ batches }) => batches.map((batch) => batch.records));
    const ms = performance.now() - started;
    return {
      response: { kind: 'written', outcomes, records, ms, flashBytes: this.#store.flashBytes() },
      transfer: records.map(({ buffer }) => buffer),
    };
  }

  /**
   * How a write failed that was asked for before this one, and whose failure was not known then. This one fails with it:
   * its batches would overtake, and its state may speak of what was not stored.
   */
  #failedBefore({ lane, generation }: LaneWrite): FailedOutcome | undefined {
    const before = this.#failed.get(lane.key);
    return before?.generation === generation ? before.outcome : undefined;
  }

  #read({ lane: key, from, after, maxBytes }: WorkerRequest & { kind: 'read' }): WorkerResponse {
    const lane = this.#store.lane(key);
    if (lane === undefined) return { kind: 'batches', batches: [], isEnd: true, damages: [] };
    const { batches, isEnd, damages } = lane.read(from, after, maxBytes);
    return { kind: 'batches', batches, isEnd, damages, ...(damages.length > 0 && { segments: lane.segments }) };
  }

  #window({ lane: key, from, fromMs, toMs, maxBytes }: WorkerRequest & { kind: 'window' }): WorkerResponse {
    const lane = this.#store.lane(key);
    if (lane === undefined) return { kind: 'window', batches: [], damages: [] };
    const { batches, next, damages } = lane.window(from, fromMs, toMs, maxBytes);
    return {
      kind: 'window',
      batches,
      ...(next !== undefined && { next }),
      damages,
      ...(damages.length > 0 && { segments: lane.segments }),
    };
  }
}

function attempt(work: () => WorkerResponse): Answer {
  try {
    return { response: work() };
  } catch (error) {
    return { response: { kind: 'failed', message: messageOf(error) } };
  }
}
