import { readSync } from 'node:fs';

const chunkBytes = 1 << 20;
const newline = 0x0a;

/** What a line of the file says of itself. */
export interface LineName {
  readonly gateway: string;
  readonly epoch: string;
  readonly sequence: number;
}

/** Reads a line's name; undefined when it is no record, because it is torn, damaged or somebody else's. */
export function readLine(line: string): LineName | undefined {
  try {
    const { gateway, epoch, sequence } = JSON.parse(line) as Record<string, unknown>;
    const number = Number(sequence);
    if (typeof gateway !== 'string' || typeof epoch !== 'string' || typeof sequence !== 'string') return undefined;
    return Number.isSafeInteger(number) && number > 0 ? { gateway, epoch, sequence: number } : undefined;
  } catch {
    // No JSON, so no record: the caller decides what that means.
    return undefined;
  }
}

/**
 * Reads the records from byte `start` on (where a line begins), and stops at the first line that is none.
 *
 * @returns where the last record ends: what lies behind is torn or damaged
 */
export function scanRecords(fd: number, start: number, onRecord: (name: LineName) => void): number {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let rest: Buffer = Buffer.alloc(0);
  let restAt = start;
  for (let at = start; ; ) {
    const count = readSync(fd, chunk, 0, chunkBytes, at);
    if (count === 0) return restAt;
    at += count;
    const text: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk.subarray(0, count)]) : chunk.subarray(0, count);
    let from = 0;
    for (let end = text.indexOf(newline); end !== -1; end = text.indexOf(newline, from)) {
      const name = readLine(text.toString('utf8', from, end));
      if (name === undefined) return restAt + from;
      onRecord(name);
      from = end + 1;
    }
    rest = Buffer.from(text.subarray(from));
    restAt += from;
  }
}
