import type { ProtoCursor } from './proto-cursor.ts';

const slots = 4096;
const maxLength = 96;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Decodes texts that come again and again (device ids, topics, field names) without making a new string each time: a
 * hash over the bytes finds the string made before. One entry a slot, the newest wins: bounded by construction, and a
 * flood of new names costs no more than having no cache.
 */
export class TextCache {
  readonly #entries: (Entry | undefined)[] = new Array(slots).fill(undefined);

  /** Reads a length-delimited text. */
  read(cursor: ProtoCursor): string {
    const stop = cursor.span();
    const start = cursor.at;
    cursor.at = stop;
    return this.at(cursor.bytes, start, stop);
  }

  /** The text in bytes `start` to `stop`, as UTF-8. */
  at(bytes: Buffer, start: number, stop: number): string {
    const length = stop - start;
    if (length === 0) return '';
    if (length > maxLength) return bytes.toString('utf8', start, stop);
    let hash = length;
    for (let i = start; i < stop; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 13)) & (slots - 1);
    const entry = this.#entries[slot];
    if (entry !== undefined && entry.bytes.length === length && sameBytes(entry.bytes, bytes, start)) return entry.text;
    const text = bytes.toString('utf8', start, stop);
    this.#entries[slot] = { bytes: Uint8Array.prototype.slice.call(bytes, start, stop), text };
    return text;
  }
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
