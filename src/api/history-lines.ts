import type { HistoryBatch, Window } from '../buffer/history.ts';
import type { UnixMs } from '../core/time.ts';
import { RecordJson } from '../wire/record-json.ts';
import { type DecodedRecord, RecordReader } from '../wire/record-reader.ts';
import { storedBatch } from '../wire/stored-batch.ts';

/** Records made into one piece of text: the rest of the gateway gets its turn in between. */
const linesAtOnce = 500;

/**
 * How long before its last record a batch may have been begun: to find all records of a window, batches are asked for from
 * so much earlier. A second, but for sources that are held back while the buffer is full.
 */
export const longestBatchMs = 3_600_000;

/** The span in which the batches of a window may have been begun. */
export function reachOf(window: Window): Window {
  return { ...window, fromMs: window.fromMs - longestBatchMs };
}

/** Turns batches into lines as the file sink writes them, marked historical. Keep one for a whole window. */
export class HistoryLines {
  readonly #reader = new RecordReader();
  readonly #json = new RecordJson();
  readonly #window: Window;

  constructor(window: Window) {
    this.#window = window;
  }

  /** Pieces of text, each some lines with their line breaks. @throws {MalformedError} when it is no batch of records */
  *textOf(batch: HistoryBatch, gateway: string, epoch: string): Generator<string, void, void> {
    const prefix = this.#json.prefix(gateway, epoch);
    let text = '';
    let lines = 0;
    for (const record of this.#recordsOf(batch)) {
      if (!this.#isWithin(record, batch)) continue;
      text += `${this.#json.line(prefix, record)}\n`;
      if (++lines % linesAtOnce > 0) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }

  /** Any of its records was taken in within the window. */
  touches(batch: HistoryBatch): boolean {
    if (this.#isAt(batch.takenAtMs)) return true;
    for (const record of this.#recordsOf(batch)) if (this.#isWithin(record, batch)) return true;
    return false;
  }

  #recordsOf(batch: HistoryBatch): Generator<DecodedRecord, void, void> {
    return this.#reader.records(storedBatch(batch, batch.correction));
  }

  #isWithin({ receivedAt }: DecodedRecord, { takenAtMs }: HistoryBatch): boolean {
    return this.#isAt(receivedAt === undefined ? takenAtMs : Date.parse(receivedAt));
  }

  #isAt(ms: UnixMs): boolean {
    return ms >= this.#window.fromMs && ms < this.#window.toMs;
  }
}
