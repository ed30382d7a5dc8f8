import type { Durability } from '../core/handling.ts';
import type { Taken } from './due.ts';
import type { WorkerResponse } from './worker-protocol.ts';

/** Counts what went to the storage, by durability. The system tells it for the whole thread: it is shared out by growth. */
export class FlashAccount {
  readonly bytes: Record<Durability, number> = { local: 0, anywhere: 0, relaxed: 0, memory: 0 };

  note(taken: readonly Taken[], { flashBytes, outcomes }: WorkerResponse & { kind: 'written' }): void {
    const grown = outcomes.map((outcome) => (outcome.kind === 'stored' ? Math.max(0, outcome.bytesWritten) : 0));
    const total = grown.reduce((sum, bytes) => sum + bytes, 0);
    for (const [index, { lane }] of taken.entries()) {
      const share = total === 0 ? 1 / taken.length : grown[index]! / total;
      this.bytes[lane.info.durability] += Math.round(flashBytes * share);
    }
  }
}
