import type { Shelf } from '../core/shelf.ts';
import type { Log } from '../lib/log.ts';
import { powerCut } from '../lib/power-cut.ts';
import type { Welcome } from '../wire/generated/headgate/v1/uplink.ts';

const space = 'uplink.lineage';
const lineagesKey = 'lineages';
const takesOverKey = 'takes-over';

/** So many groups of collectors may a gateway speak to; beyond it the one heard least is forgotten. */
const maxLineages = 16;
/** A disk that takes longer than this is not waited for. */
const patienceMs = 5_000;

/** That an epoch takes the place of another, as it lies on the shelf. It holds for that epoch alone. */
interface TakeOver {
  readonly epoch: string;
  readonly from: string;
}

/** What to put on the shelf of a data directory so that, as `epoch`, it takes the place of `from`. */
export function takeOverEntry(epoch: string, from: string): { space: string; key: string; value: Uint8Array } {
  return { space, key: takesOverKey, value: encode({ epoch, from } satisfies TakeOver) };
}

/**
 * This data directory's place in its gateway's history: each welcome gives it a new name, which is durable here before
 * anything is sent. A copy of the directory has an older one, and is told from it.
 */
export class Lineage {
  readonly #shelf: Shelf;
  readonly #log: Log;
  #lastSent = 0;
  /** By the time of their last welcome. */
  #lineages: readonly string[] = [];
  #takeOver: TakeOver | undefined;
  /** What is being made durable; the next one waits for it. */
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(shelf: Shelf, log: Log) {
    this.#shelf = shelf;
    this.#log = log;
  }

  /**
   * Before the first hello.
   *
   * @param lastSequence the last sequence that an earlier run may have given out
   * @throws HeadgateError `buffer.failed` when the disk does not give it
   */
  async load(lastSequence: number): Promise<void> {
    this.#lastSent = lastSequence;
    const entries = new Map(await this.#shelf.entries(space));
    this.#lineages = decode<readonly string[]>(entries.get(lineagesKey)) ?? [];
    this.#takeOver = decode<TakeOver>(entries.get(takesOverKey));
  }

  /** The last sequence that a collector may have got from here: of an earlier run, or sent by this one. */
  get lastSent(): number {
    return this.#lastSent;
  }

  /** Collectors may know of sequences up to here. */
  sent(upTo: number): void {
    this.#lastSent = Math.max(this.#lastSent, upTo);
  }

  /** What a hello as this epoch says. */
  claim(epoch: string): { readonly lineages: readonly string[]; readonly takesOver: string } {
    return { lineages: this.#lineages, takesOver: this.#takeOver?.epoch === epoch ? this.#takeOver.from : '' };
  }

  /**
   * Makes the lineage of a welcome durable.
   *
   * @returns what to confirm: the welcome's lineage; or, when the disk refuses it or takes too long, the one before, with
   *   which this gateway goes on: a sick disk is a reason to send records, not to keep them
   */
  async adopt(welcome: Pick<Welcome, 'lineage' | 'follows'>): Promise<string> {
    const adopted = this.#underWay.then(() => this.#adopt(welcome));
    this.#underWay = adopted;
    return await adopted;
  }

  async #adopt({ lineage, follows }: Pick<Welcome, 'lineage' | 'follows'>): Promise<string> {
    const before = { lineages: this.#lineages, takeOver: this.#takeOver };
    const lineages = [...before.lineages.filter((one) => one !== follows), lineage].slice(-maxLineages);
    try {
      this.#put(lineages, undefined);
      await within(patienceMs, this.#shelf.saved());
      powerCut('gateway: lineage saved');
      this.#lineages = lineages;
      this.#takeOver = undefined;
      return lineage;
    } catch (error) {
      // Should it come to be durable after all: the collector knows it as proposed.
      this.#put(before.lineages, before.takeOver);
      this.#log.warn({ err: error }, 'The disk did not take what tells this gateway from a copy: it goes on without.');
      return follows;
    }
  }

  #put(lineages: readonly string[], takeOver: TakeOver | undefined): void {
    this.#shelf.put(space, lineagesKey, encode(lineages));
    if (takeOver !== undefined) this.#shelf.put(space, takesOverKey, encode(takeOver));
    else this.#shelf.delete(space, takesOverKey);
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing was written within ${ms / 1000} s`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function decode<T>(value: Uint8Array | undefined): T | undefined {
  return value && (JSON.parse(Buffer.from(value).toString()) as T);
}
