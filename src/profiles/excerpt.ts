import { isUtf8 } from 'node:buffer';

/** The beginning of a payload, for people: text as it is, anything else as hexadecimal digits. */
export interface Excerpt {
  readonly text: string;
  readonly isHex: boolean;
  /** How long the payload is in all. */
  readonly bytes: number;
}

/** Nothing of the payload's memory is kept. @param maxBytes how much of it is shown */
export function excerptOf(payload: Uint8Array, maxBytes: number): Excerpt {
  const text = textOf(payload.subarray(0, maxBytes), payload.length > maxBytes);
  const bytes = payload.length;
  if (text !== undefined) return { text, isHex: false, bytes };
  return { text: Buffer.from(payload.subarray(0, maxBytes >> 1)).toString('hex'), isHex: true, bytes };
}

function textOf(head: Uint8Array, isCut: boolean): string | undefined {
  let whole = head;
  // The cut may have gone through a character: at most three bytes of it are there.
  for (let less = 0; isCut && less < 4 && !isUtf8(whole); less++) whole = head.subarray(0, head.length - less);
  if (!isUtf8(whole)) return undefined;
  const text = new TextDecoder().decode(whole);
  // Line breaks and tabs are text; other control characters are not, though they are valid UTF-8.
  return /\p{Cc}/u.test(text.replace(/[\t\r\n]/g, '')) ? undefined : text;
}
