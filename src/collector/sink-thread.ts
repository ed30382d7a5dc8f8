import { Worker } from 'node:worker_threads';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Interval } from '../lib/intervals.ts';
import type { NatsOptions } from './options.ts';
import type { AsyncSink, Delivery, Outcome, SinkAddress } from './sink.ts';
import type { Numbered, SinkNote, SinkRequest, SinkResponse, SinkSetup } from './sink-protocol.ts';

interface Waiting {
  readonly resolve: (response: SinkResponse) => void;
  readonly reject: (error: HeadgateError) => void;
}

/** The sink as the collector's main thread sees it: every call is answered by the thread that holds it. */
export class SinkThread implements AsyncSink {
  readonly #setup: SinkSetup;
  readonly #note: (message: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #asked = 0;

  /**
   * @param note told, for the log, what the sink found and put right
   * @param nats what the configuration says about NATS
   */
  constructor(address: SinkAddress, note: (message: string) => void, nats?: NatsOptions) {
    this.#setup = { address, nats };
    this.#note = note;
  }

  /** @throws HeadgateError when the sink can't be opened */
  async open(): Promise<void> {
    await this.#ask({ kind: 'open' });
  }

  /** What is durable of one gateway's epoch from `from` on, ascending: `limit` runs at the most, see `welcomeRuns`. */
  async progress(gateway: string, epoch: string, from: number, limit: number): Promise<readonly Interval[]> {
    const response = await this.#ask({ kind: 'progress', gateway, epoch, from, limit });
    return response.kind === 'progress' ? response.runs : [];
  }

  /**
   * Commits a group; one outcome a delivery. The deliveries' bytes may be gone afterwards: they go over to the thread.
   *
   * @throws HeadgateError when the sink failed: nothing may be acknowledged then. The next call opens the sink anew.
   */
  async commit(deliveries: readonly Delivery[]): Promise<readonly Outcome[]> {
    const movable = deliveries.map((delivery) => ({ ...delivery, upload: movableBytes(delivery.upload) }));
    const response = await this.#ask(
      { kind: 'commit', deliveries: movable },
      movable.map(({ upload }) => upload.buffer as ArrayBuffer),
    );
    return response.kind === 'committed' ? response.outcomes : [];
  }

  /** Closes the sink after what was asked before. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    try {
      await this.#ask({ kind: 'close' });
    } catch {
      // The thread died: the kernel has closed its files, and the next start recovers as after a crash.
    }
    this.#worker = undefined;
    await worker.terminate();
  }

  #ask(request: SinkRequest, transfer: ArrayBuffer[] = []): Promise<SinkResponse> {
    this.#worker ??= this.#spawn();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const number = ++this.#asked;
      this.#waiting.set(number, {
        reject,
        resolve: (response) => {
          if (response.kind === 'failed') reject(new HeadgateError(response.code, response.message));
          else resolve(response);
        },
      });
      worker.postMessage({ number, message: request } satisfies Numbered<SinkRequest>, transfer);
    });
  }

  #spawn(): Worker {
    // In development the sources run unbuilt, in a package they are JavaScript: the worker is what this file is.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './sink-worker.ts' : './sink-worker.js', import.meta.url);
    const worker = new Worker(entry, { workerData: this.#setup, name: 'sink' });
    worker.on('message', (said: Numbered<SinkResponse> | SinkNote) => {
      if ('kind' in said) {
        this.#note(said.message);
        return;
      }
      const waiting = this.#waiting.get(said.number);
      this.#waiting.delete(said.number);
      waiting?.resolve(said.message);
    });
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      const reason = cause === undefined ? 'it ended' : messageOf(cause);
      const failure = new HeadgateError('sink.failed', `The sink's thread stopped unexpectedly: ${reason}.`, { cause });
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { reject } of waiting) reject(failure);
    });
    return worker;
  }
}

/** The same bytes in memory of their own, which can go over to another thread. Copied only when they share it. */
function movableBytes(bytes: Uint8Array): Uint8Array {
  // A message from the network lies behind a few bytes of header in a buffer made for it; small ones share a pool.
  const isOwn = bytes.buffer.byteLength - bytes.byteLength <= 64 && bytes.byteLength > 16_384;
  return isOwn ? bytes : Uint8Array.prototype.slice.call(bytes);
}
