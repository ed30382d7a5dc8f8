import type { HistoryBatch } from '../../buffer/history.ts';
import { type DecodedRecord, RecordReader } from '../../wire/record-reader.ts';
import { storedBatch } from '../../wire/stored-batch.ts';

/** A message whose payload was kept, and all records that it became. */
export interface Original {
  /** The one with the payload. */
  readonly record: DecodedRecord;
  readonly payload: Uint8Array;
  /** In order of sequence. */
  readonly records: readonly DecodedRecord[];
}

/** Messages whose records are still gathered: a message's records may be in several lanes, a second apart. */
const maxGathered = 2_000;
const maxGatheredBytes = 8 * 1024 * 1024;

interface Gathered {
  readonly records: DecodedRecord[];
  bytes: number;
}

/**
 * Puts the records of batches together to the messages that they came of, in the messages' order, within bounded memory. What
 * comes too late to be put together stays for itself.
 * @param isWanted asked of each record
 */
export async function* originalsIn(
  batches: AsyncIterable<HistoryBatch>,
  isWanted: (record: DecodedRecord) => boolean,
): AsyncGenerator<Original, void, void> {
  const reader = new RecordReader();
  const gathered: Gathered[] = [];
  const byMessage = new Map<string, Gathered>();
  let bytes = 0;
  const next = (): Original | undefined => {
    const { records, bytes: size } = gathered.shift()!;
    bytes -= size;
    if (records[0]!.message !== 0) byMessage.delete(nameOf(records[0]!));
    return originalOf(records);
  };
  for await (const batch of batches) {
    for (const record of reader.records(storedBatch(batch, batch.correction))) {
      if (record.supersedes.length > 0 || !isWanted(record)) continue;
      const size = 200 + (record.payload?.length ?? 0);
      const known = record.message === 0 ? undefined : byMessage.get(nameOf(record));
      bytes += size;
      if (known !== undefined) {
        known.records.push(record);
        known.bytes += size;
        continue;
      }
      if (record.message === 0 && record.payload === undefined) {
        bytes -= size;
        continue;
      }
      const begun = { records: [record], bytes: size };
      gathered.push(begun);
      if (record.message !== 0) byMessage.set(nameOf(record), begun);
      while (gathered.length > maxGathered || (bytes > maxGatheredBytes && gathered.length > 1)) {
        const original = next();
        if (original !== undefined) yield original;
      }
    }
  }
  while (gathered.length > 0) {
    const original = next();
    if (original !== undefined) yield original;
  }
}

function originalOf(records: readonly DecodedRecord[]): Original | undefined {
  const record = records.find(({ payload }) => payload !== undefined);
  if (record?.payload === undefined) return undefined;
  return { record, payload: record.payload, records: [...records].sort((a, b) => a.sequence - b.sequence) };
}

function nameOf({ source, topic, receivedAt, message }: DecodedRecord): string {
  return `${message} ${receivedAt} ${source} ${topic}`;
}
