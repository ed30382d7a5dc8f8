import { crc32 } from 'node:zlib';

// What a segment says of itself and of others is JSON in SQLite's pages, which have no checksums: a digit that has
// changed on the disk would be believed. So each text carries one, as its last field.

const field = '"crc":';

/** Adds its checksum to a JSON object's text. It stays JSON. */
export function sealText(json: string): string {
  const body = json.slice(0, -1);
  return `${body}${body === '{' ? '' : ','}${field}${crc32(json)}}`;
}

/** The text that was sealed; undefined when it is not as it was written. */
export function openText(sealed: unknown): string | undefined {
  if (typeof sealed !== 'string') return undefined;
  const at = sealed.lastIndexOf(field);
  if (at < 0) return undefined;
  const json = `${sealed.slice(0, sealed[at - 1] === ',' ? at - 1 : at)}}`;
  return sealed === sealText(json) ? json : undefined;
}
