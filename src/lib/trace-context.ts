const zero = 0x30;
/** Version, trace id, parent id and flags of version 00, with the dashes between them. */
const length = 55;
const dashes = [2, 35, 52];

/**
 * The trace id of a `traceparent` as W3C Trace Context has it (§ 3.2, https://www.w3.org/TR/trace-context/), with its rules for versions
 * that came later.
 *
 * @returns 32 hex digits in lower case, not all zero; undefined: there is none, or it is not valid, which is to be taken for none
 */
export function traceIdIn(traceparent: unknown): string | undefined {
  if (typeof traceparent !== 'string' || traceparent.length < length) return undefined;
  for (let at = 0, dash = 0; at < length; at++) {
    if (at !== dashes[dash]) {
      if (!isHexDigit(traceparent.charCodeAt(at))) return undefined;
    } else if (traceparent[at] === '-') dash++;
    else return undefined;
  }
  if (traceparent.startsWith('ff')) return undefined;
  // Version 00 ends here; a later one may go on behind another dash.
  if (traceparent.length > length && (traceparent.startsWith('00') || traceparent[length] !== '-')) return undefined;
  if (isZero(traceparent, 3, 35) || isZero(traceparent, 36, 52)) return undefined;
  return traceparent.slice(3, 35);
}

/** Upper case is not valid. */
function isHexDigit(code: number): boolean {
  return (code >= zero && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}

function isZero(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) !== zero) return false;
  return true;
}
