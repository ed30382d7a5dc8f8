import type { ProtoCursor } from '../lib/proto-cursor.ts';

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
    const length = stop - start;
    if (length === 0) return '';
    if (length > maxLength) {
      cursor.at = stop;
      return cursor.bytes.toString('utf8', start, stop);
    }
    const { bytes } = cursor;
    let hash = length;
    for (let i = start; i < stop; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 13)) & (slots - 1);
    const entry = this.#entries[slot];
    cursor.at = stop;
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
