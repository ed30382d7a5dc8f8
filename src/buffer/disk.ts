import { Worker } from 'node:worker_threads';
import { type ErrorCode, HeadgateError } from '../core/errors.ts';
import type { ShelfDisk } from './shelf.ts';
import type { WorkerRequest, WorkerResponse, WorkerSettings } from './worker-protocol.ts';

/** The worker makes hardly any objects; its batches live outside its heap. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

/** The disk as the main thread sees it: requests that are answered in order. */
export interface Disk {
  /** @param transfer the memory that goes over instead of being copied */
  request(request: WorkerRequest, transfer?: ArrayBuffer[]): Promise<WorkerResponse>;
  /** Closes everything when all that was asked for is done. */
  close(usedUpTo: number, operatingMs: number): Promise<void>;
}

export interface OpenDisk {
  readonly disk: Disk;
  readonly opened: WorkerResponse & { readonly kind: 'opened' };
}

/** The disk in a thread of its own. */
export class DiskThread implements Disk {
  readonly #worker: Worker;
  /** What to do with the worker's answers, which come in the order of the requests. */
  readonly #answers: ((response: WorkerResponse) => void)[] = [];

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (response: WorkerResponse) => this.#answers.shift()?.(response));
  }

  /** @throws {HeadgateError} data.in-use, data.newer, data.unwritable or data.unreadable */
  static async open(settings: WorkerSettings): Promise<OpenDisk> {
    // In development the sources run unbuilt, in a package they are JavaScript: the worker is what this file is.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const disk = new DiskThread(new Worker(entry, { workerData: settings, name: 'buffer', resourceLimits }));
    const opened = await disk.#answer();
    if (opened.kind === 'open-failed') throw new HeadgateError(opened.code as ErrorCode, opened.message);
    if (opened.kind !== 'opened') throw new Error(`The buffer's worker said ${opened.kind} before it was open.`);
    return { disk, opened };
  }

  request(request: WorkerRequest, transfer: ArrayBuffer[] = []): Promise<WorkerResponse> {
    const answer = this.#answer();
    this.#worker.postMessage(request, transfer);
    return answer;
  }

  async close(usedUpTo: number, operatingMs: number): Promise<void> {
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage({ kind: 'close', usedUpTo, operatingMs } satisfies WorkerRequest);
    await exited;
  }

  #answer(): Promise<WorkerResponse> {
    return new Promise((resolve) => this.#answers.push(resolve));
  }
}

/** What the disk failed with, for whoever waits for it. */
export function failureOf(message: string): HeadgateError {
  return new HeadgateError('buffer.failed', `The buffer's disk failed: ${message}.`);
}

/** What the shelf asks of the disk. */
export function shelfOn(disk: () => Disk | undefined): ShelfDisk {
  const ask = async (request: WorkerRequest): Promise<WorkerResponse> => {
    const response = await disk()?.request(request);
    if (response === undefined) throw new HeadgateError('buffer.closed', 'The buffer is not open.');
    if (response.kind === 'failed') throw failureOf(response.message);
    return response;
  };
  return {
    apply: async (changes) => {
      await ask({ kind: 'shelf', changes });
    },
    entries: async (space) => {
      const response = await ask({ kind: 'shelf-entries', space });
      return response.kind === 'entries' ? response.entries : [];
    },
  };
}
