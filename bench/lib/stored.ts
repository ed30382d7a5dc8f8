import { createReadStream } from 'node:fs';
import Database from 'better-sqlite3';

/** How many records a collector's sink holds: lines of a file, rows of a database. The collector must have stopped. */
export async function countStored(kind: 'file' | 'sqlite', path: string): Promise<number> {
  if (kind === 'sqlite') {
    const db = new Database(path, { readonly: true });
    try {
      return db.prepare('SELECT count(*) FROM records').pluck().get() as number;
    } finally {
      db.close();
    }
  }
  const lineFeed = 10;
  let lines = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) lines++;
  }
  return lines;
}
