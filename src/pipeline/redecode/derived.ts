import type { HistoryBatch, Window } from '../../buffer/history.ts';
import type { UnixMs } from '../../core/time.ts';
import { RecordReader } from '../../wire/record-reader.ts';
import { storedBatch } from '../../wire/stored-batch.ts';

/** What was made of a message by one version of a profile when it was decoded again. */
export interface Derived {
  readonly profile: string;
  readonly version: number;
  /** The sequences of its records. */
  readonly sequences: number[];
}

/** How far the times at which the records of one batch were taken in may lie apart: so a span of them is found by its batches. */
export const longestSpanMs = 300_000;
/** Spans of time remembered: messages come nearly in order. */
const maxPages = 2;

/** Tells what was decoded again before, by the message's first record; reads the disk for a span of time at once. */
export class DerivedBook {
  readonly #history: (window: Window) => AsyncIterable<HistoryBatch>;
  readonly #rule: string;
  readonly #reader = new RecordReader();
  readonly #pages = new Map<number, Map<number, Derived[]>>();

  /** @param rule the one of the lane that is looked into */
  constructor(history: (window: Window) => AsyncIterable<HistoryBatch>, rule: string) {
    this.#history = history;
    this.#rule = rule;
  }

  /** @param sequence of the record that has the payload @param receivedAtMs when the message was taken in */
  async of(sequence: number, receivedAtMs: UnixMs): Promise<readonly Derived[]> {
    const number = Math.floor(receivedAtMs / longestSpanMs);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = await this.#read(number);
      if (this.#pages.size >= maxPages) this.#pages.delete(this.#pages.keys().next().value!);
      this.#pages.set(number, page);
    }
    return page.get(sequence) ?? [];
  }

  async #read(number: number): Promise<Map<number, Derived[]>> {
    const page = new Map<number, Derived[]>();
    const window = { fromMs: (number - 1) * longestSpanMs, toMs: (number + 1) * longestSpanMs, rule: this.#rule };
    for await (const batch of this.#history(window)) {
      for (const record of this.#reader.records(storedBatch(batch, undefined))) {
        const [original] = record.supersedes;
        if (original === undefined || record.receivedAt === undefined) continue;
        if (Math.floor(Date.parse(record.receivedAt) / longestSpanMs) !== number) continue;
        const all = page.get(original) ?? [];
        page.set(original, all);
        const { profile, profileVersion: version } = record;
        const same = all.find((one) => one.profile === profile && one.version === version);
        if (same === undefined) all.push({ profile, version, sequences: [record.sequence] });
        else same.sequences.push(record.sequence);
      }
    }
    return page;
  }
}
