import { Worker } from 'node:worker_threads';
import { type ErrorCode, HeadgateError } from '../core/errors.ts';
import type { Identity, Totals, WorkerRequest, WorkerResponse, WorkerSettings } from './worker-protocol.ts';

/** The worker makes hardly any objects; its batches live outside its heap. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

/** The disk's thread as the main thread sees it: requests that are answered in order. */
export class Disk {
  readonly #worker: Worker;
  /** What to do with the worker's answers, which come in the order of the requests. */
  readonly #answers: ((response: WorkerResponse) => void)[] = [];

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (response: WorkerResponse) => this.#answers.shift()?.(response));
  }

  /** @throws {HeadgateError} data.in-use, data.newer, data.unwritable or data.unreadable */
  static async open(settings: WorkerSettings): Promise<{ disk: Disk; identity: Identity; totals: Totals }> {
    // In development the sources run unbuilt, in a package they are JavaScript: the worker is what this file is.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const disk = new Disk(new Worker(entry, { workerData: settings, name: 'buffer', resourceLimits }));
    const opened = await disk.#answer();
    if (opened.kind === 'open-failed') throw new HeadgateError(opened.code as ErrorCode, opened.message);
    if (opened.kind !== 'opened') throw new Error(`The buffer's worker said ${opened.kind} before it was open.`);
    return { disk, identity: opened.identity, totals: opened.totals };
  }

  /** @param transfer the memory that goes over to the worker instead of being copied */
  request(request: WorkerRequest, transfer: ArrayBuffer[] = []): Promise<WorkerResponse> {
    const answer = this.#answer();
    this.#worker.postMessage(request, transfer);
    return answer;
  }

  /** Closes the database when everything asked for is done. */
  async close(): Promise<void> {
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage({ kind: 'close' } satisfies WorkerRequest);
    await exited;
  }

  #answer(): Promise<WorkerResponse> {
    return new Promise((resolve) => this.#answers.push(resolve));
  }
}

/** What the disk failed with, for whoever waits for it. */
export function failureOf(response: WorkerResponse): HeadgateError {
  const reason = response.kind === 'failed' || response.kind === 'read-failed' ? response.message : response.kind;
  return new HeadgateError('buffer.failed', `The buffer's disk failed: ${reason}.`);
}
