import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';
import { isDamage } from './history-file.ts';
import { HistoryStore } from './history-store.ts';
import type { QueryRequest, WorkerRequest, WorkerResponse, WorkerSettings } from './worker-protocol.ts';

// History's own thread: charts wait for its disk, the flow and the buffer do not.

const port = parentPort!;

function tell(response: WorkerResponse, transfer: ArrayBuffer[] = []): void {
  port.postMessage(response, transfer);
}

function open(): HistoryStore | undefined {
  try {
    const store = new HistoryStore(workerData as WorkerSettings);
    tell({ kind: 'opened', stamps: store.stamps, status: store.status(), putAside: store.putAside });
    return store;
  } catch (error) {
    tell({ kind: 'open-failed', message: messageOf(error) });
    return undefined;
  }
}

function answer(store: HistoryStore, query: QueryRequest): void {
  try {
    const { series, left, losses } = store.query(query);
    const memory = series.map(({ buckets }) => buckets.buffer as ArrayBuffer);
    tell({ kind: 'answer', id: query.id, series, left, losses }, memory);
  } catch (error) {
    tell({ kind: 'query-failed', id: query.id, message: messageOf(error) });
    if (isDamage(error)) throw error;
  }
}

/** A commit that is under way. */
let work: Generator<void> | undefined;

/** The next step of it; others get their turn after each. */
function step(store: HistoryStore): void {
  if (work === undefined) return;
  if (work.next().done !== true) {
    setImmediate(guarded, store, () => step(store));
    return;
  }
  work = undefined;
  tell({ kind: 'committed', status: store.status() });
}

/** Of a damaged file nothing more can be had: a new worker puts it aside. */
function guarded(store: HistoryStore, task: () => void): void {
  try {
    task();
  } catch (error) {
    work = undefined;
    tell({ kind: 'damaged', message: messageOf(error) });
    store.close();
    port.close();
  }
}

function carryOut(store: HistoryStore, request: WorkerRequest): void {
  switch (request.kind) {
    case 'deltas':
      store.take(request);
      tell({ kind: 'taken', length: request.length });
      return;
    case 'commit':
      work = store.committing(request);
      step(store);
      return;
    case 'query':
      answer(store, request);
      return;
    case 'close':
      while (work?.next().done === false);
      work = undefined;
      // What came while that was under way has had no commit of its own.
      store.commit({ kind: 'commit', nowMs: undefined, corrections: [], losses: [] });
      store.close();
      port.close();
  }
}

const store = open();
if (store === undefined) port.close();
else {
  port.on('message', (request: WorkerRequest) => guarded(store, () => carryOut(store, request)));
}
