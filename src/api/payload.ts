import { stringifyExact } from '../lib/exact-json.ts';

/** Names of the members of which one holds a payload. */
export const payloadKeys = ['payload', 'payloadText', 'payloadBase64'];

/**
 * The bytes that one of `payload` (JSON), `payloadText` and `payloadBase64` says.
 * @returns undefined when none is there; a sentence when it is wrong
 */
export function payloadOf(given: Readonly<Record<string, unknown>>): Uint8Array | string | undefined {
  const { payload, payloadText, payloadBase64 } = given;
  const forms = [payload, payloadText, payloadBase64].filter((one) => one !== undefined).length;
  if (forms === 0) return undefined;
  if (forms > 1) return 'Give one of `payload` (JSON), `payloadText` and `payloadBase64`.';
  if (payload !== undefined) return Buffer.from(stringifyExact(payload));
  if (payloadText !== undefined) {
    return typeof payloadText === 'string' ? Buffer.from(payloadText) : '`payloadText` must be a text.';
  }
  const bytes = typeof payloadBase64 === 'string' ? Buffer.from(payloadBase64, 'base64') : undefined;
  const isRight = bytes?.toString('base64').replace(/=+$/, '') === plain(String(payloadBase64));
  return bytes !== undefined && isRight ? bytes : '`payloadBase64` must be bytes in base64.';
}

/** Base64 as Node writes it, without the padding that some leave out. */
function plain(text: string): string {
  return text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '');
}

/** A payload as JSON shows it: as JSON where it is that, else as a text, else in base64. */
export function shownPayload(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString();
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, which is what most devices answer.
    return Buffer.from(text).equals(bytes) ? text : { base64: Buffer.from(bytes).toString('base64') };
  }
}
