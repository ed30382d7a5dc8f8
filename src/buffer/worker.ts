import { parentPort, workerData } from 'node:worker_threads';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { BatchStore } from './store.ts';
import type { DiskFaults, NewBatch, WorkerRequest, WorkerResponse, WorkerSettings } from './worker-protocol.ts';

// The disk's own thread: whatever an fsync takes, the main thread does not wait for it.

const port = parentPort!;
const settings = workerData as WorkerSettings;
let commits = 0;
/** The generation in which a commit of batches failed last, and why. */
let failed: { readonly generation: number; readonly reason: string } | undefined;

function answer(response: WorkerResponse, transfer: ArrayBuffer[] = []): void {
  port.postMessage(response, transfer);
}

function openStore(): BatchStore | undefined {
  try {
    const store = new BatchStore(settings.path, settings.checkpointBytes);
    answer({ kind: 'opened', identity: store.identity, totals: store.totals });
    return store;
  } catch (error) {
    const code = error instanceof HeadgateError ? error.code : 'data.unreadable';
    answer({ kind: 'open-failed', code, message: messageOf(error) });
    return undefined;
  }
}

function carryOut(store: BatchStore, request: WorkerRequest): void {
  switch (request.kind) {
    case 'commit':
      write(store, request.batches, () => commit(store, request));
      return;
    case 'probe':
      write(store, [], () => {
        simulate(settings.faults);
        store.probe();
      });
      return;
    case 'read':
      try {
        answer({ kind: 'batches', batches: store.read(request.after, request.maxBytes) });
      } catch (error) {
        answer({ kind: 'read-failed', message: messageOf(error) });
      }
      return;
    case 'close':
      store.close();
      port.close();
      return;
  }
}

/** What comes behind a batch that failed must not overtake it: its sources will send both again, in order. */
function commit(store: BatchStore, { generation, batches, acknowledged }: WorkerRequest & { kind: 'commit' }): void {
  if (batches.length > 0 && failed?.generation === generation) throw new Error(failed.reason);
  try {
    simulate(settings.faults);
    store.commit(batches, acknowledged);
  } catch (error) {
    if (batches.length > 0) failed = { generation, reason: messageOf(error) };
    throw error;
  }
}

function write(store: BatchStore, batches: readonly NewBatch[], work: () => void): void {
  const started = performance.now();
  try {
    work();
  } catch (error) {
    answer({ kind: 'failed', message: messageOf(error) });
    return;
  }
  const ms = performance.now() - started;
  answer(
    { kind: 'committed', batches, ms, totals: store.totals },
    batches.map((batch) => batch.records.buffer),
  );
}

function simulate({ commitDelayMs, failCommits }: DiskFaults): void {
  commits++;
  if (commitDelayMs !== undefined) {
    // Blocks this thread as a slow fsync would.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, commitDelayMs);
  }
  if (failCommits !== undefined && commits >= failCommits.from && commits < failCommits.from + failCommits.count) {
    throw new Error('simulated: the disk is full');
  }
}

const store = openStore();
if (store === undefined) port.close();
else port.on('message', (request: WorkerRequest) => carryOut(store, request));
