import { cpSync } from 'node:fs';
import type { Disk, OpenDisk } from '../../src/buffer/disk.ts';
import { type Answer, Requests } from '../../src/buffer/requests.ts';
import { Store } from '../../src/buffer/store.ts';
import type { WorkerRequest, WorkerResponse, WorkerSettings } from '../../src/buffer/worker-protocol.ts';

/** Node's own, whatever time a test has made of it. */
const realImmediate = setImmediate;

/**
 * The buffer's disk without its thread: the real store, its files, its requests in order, but in this thread, so that a
 * test of thousands of runs need not start thousands of threads, and says itself when the disk works.
 */
export class LocalDisk implements Disk {
  readonly directory: string;
  readonly #store: Store;
  readonly #requests: Requests;
  #waiting: (() => void)[] = [];
  #isAutomatic = true;
  #working = Promise.resolve();
  #isGone = false;

  private constructor(settings: WorkerSettings) {
    this.directory = settings.directory;
    this.#store = new Store(settings);
    this.#requests = new Requests(this.#store);
  }

  static async open(settings: WorkerSettings, onOpen?: (disk: LocalDisk) => void): Promise<OpenDisk> {
    const disk = new LocalDisk(settings);
    onOpen?.(disk);
    const { response } = disk.#requests.opened();
    if (response.kind !== 'opened') throw new Error(response.kind);
    return { disk, opened: response };
  }

  /** Requests are carried out as they come; off: only by {@link work}. */
  get isAutomatic(): boolean {
    return this.#isAutomatic;
  }

  set isAutomatic(isAutomatic: boolean) {
    this.#isAutomatic = isAutomatic;
    if (isAutomatic) void this.work();
  }

  /** Requests that wait to be carried out. */
  get waiting(): number {
    return this.#waiting.length;
  }

  request(request: WorkerRequest, transfer: ArrayBuffer[] = []): Promise<WorkerResponse> {
    // As a thread would: what is handed over is gone here, the rest is copied.
    const sent = structuredClone(request, { transfer });
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        const answer = this.#requests.carryOut(sent);
        // After a crash nobody is there to hear the answer.
        if (answer !== undefined && !this.#isGone) resolve(received(answer));
      });
      if (this.#isAutomatic) queueMicrotask(() => void this.work());
    });
  }

  /** Carries out what was asked so far, or the first `count` of it. */
  work(count = Number.POSITIVE_INFINITY): Promise<void> {
    this.#working = this.#working.then(() => this.#carryOut(count));
    return this.#working;
  }
  /**
   * The process dies here: what its files hold at this moment is copied to `directory`, if somebody wants to go on with it,
   * as a kill leaves them, and nothing is carried out any more.
   */
  crash(directory?: string): void {
    this.#isGone = true;
    this.#waiting = [];
    if (directory !== undefined) cpSync(this.directory, directory, { recursive: true });
    this.#store.close(0, 0);
  }

  async close(usedUpTo: number, operatingMs: number): Promise<void> {
    await this.work();
    if (!this.#isGone) this.#store.close(usedUpTo, operatingMs);
    this.#isGone = true;
  }

  async #carryOut(count: number): Promise<void> {
    for (const one of this.#waiting.splice(0, count)) {
      if (this.#isGone) return;
      one();
      // A thread's answers come one at a time, each with all that follows from it.
      await new Promise((resolve) => realImmediate(resolve));
    }
  }
}

function received({ response, transfer = [] }: Answer): WorkerResponse {
  return structuredClone(response, { transfer });
}
