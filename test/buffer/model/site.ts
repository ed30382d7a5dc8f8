import type { StoredBatch } from '../../../src/core/batch.ts';
import type { Gap, Handling } from '../../../src/core/handling.ts';
import { randomOf } from '../../support/random.ts';

// The site of the model test: its rules, and records that say themselves which they are.

const quotaBytes = 150_000;
export const shortTtlMs = 10_000;

/** One rule of every kind, by what the tests call it. */
export const rules = {
  plain: { rule: 'plain', priority: 'normal', durability: 'local', whenFull: 'dropOldest' },
  bulk: { rule: 'bulk', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest' },
  any: { rule: 'any', priority: 'normal', durability: 'anywhere', whenFull: 'dropOldest' },
  memory: { rule: 'memory', priority: 'bulk', durability: 'memory', whenFull: 'dropOldest' },
  alarm: { rule: 'alarm', priority: 'critical', durability: 'local', whenFull: 'block' },
  block: { rule: 'block', priority: 'normal', durability: 'anywhere', whenFull: 'block' },
  short: { rule: 'short', priority: 'normal', durability: 'local', whenFull: 'dropOldest', ttlMs: shortTtlMs },
  brief: { rule: 'brief', priority: 'bulk', durability: 'relaxed', whenFull: 'dropOldest', ttlMs: shortTtlMs },
  quota: { rule: 'quota', priority: 'normal', durability: 'local', whenFull: 'dropOldest', maxBytes: quotaBytes },
  newest: { rule: 'newest', priority: 'normal', durability: 'local', whenFull: 'dropNewest', maxBytes: quotaBytes },
} as const satisfies Record<string, Handling>;

export type RuleName = keyof typeof rules;
export const ruleNames = Object.keys(rules) as RuleName[];

/** The rules as they are, or after somebody has changed some of them: other lanes then, or none. */
export function handlingsOf(isChanged: boolean): ReadonlyMap<RuleName, Handling> {
  const handlings = new Map<RuleName, Handling>(Object.entries(rules) as [RuleName, Handling][]);
  if (!isChanged) return handlings;
  handlings.set('plain', { ...rules.plain, priority: 'bulk' });
  handlings.set('short', { ...rules.short, ttlMs: shortTtlMs * 3 });
  handlings.set('quota', { ...rules.quota, maxBytes: quotaBytes * 2 });
  return handlings;
}

const headerBytes = 8;
const reportMark = 0xffff_ffff;
/** Bytes that zstd can't make fewer. */
const filler = randomOf(7).bytes(64 * 1024);

/** A record as the model test stores it: its length, its number, and bytes. */
export function recordOf(id: number, size: number): Buffer {
  const record = Buffer.alloc(headerBytes + size);
  record.writeUInt32LE(size, 0);
  record.writeUInt32LE(id, 4);
  filler.copy(record, headerBytes, id % 1024, (id % 1024) + size);
  return record;
}

/** A gap as a record. */
export function reportOf(gap: Gap): { bytes: Buffer; start: number; end: number } {
  const text = Buffer.from(JSON.stringify(gap));
  const bytes = Buffer.alloc(headerBytes + text.length);
  bytes.writeUInt32LE(text.length, 0);
  bytes.writeUInt32LE(reportMark, 4);
  text.copy(bytes, headerBytes);
  return { bytes, start: 0, end: bytes.length };
}

/** What a batch holds, by sequence. @throws when the bytes are not those that were stored */
export function contentOf(batch: StoredBatch): { readonly sequence: number; readonly content: number | Gap }[] {
  const bytes = Buffer.from(batch.records);
  const found = [];
  let at = 0;
  for (let i = 0; i < batch.count; i++) {
    const size = bytes.readUInt32LE(at);
    const id = bytes.readUInt32LE(at + 4);
    const body = bytes.subarray(at + headerBytes, at + headerBytes + size);
    at += headerBytes + size;
    if (id !== reportMark && !body.equals(filler.subarray(id % 1024, (id % 1024) + size))) {
      throw new Error(`The bytes of record ${id} have changed.`);
    }
    found.push({
      sequence: batch.firstSequence + i,
      content: id === reportMark ? (JSON.parse(body.toString()) as Gap) : id,
    });
  }
  if (at !== bytes.length)
    throw new Error(`A batch of ${batch.count} records has ${bytes.length - at} bytes too many.`);
  return found;
}
