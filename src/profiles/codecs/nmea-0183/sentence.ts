/** A sentence of NMEA 0183: `$GPGGA,…*4F`. */
export interface Sentence {
  /** Who talks: `GP` a GPS receiver, `II` instruments; `P` and the maker's three letters of a proprietary one. */
  readonly talker: string;
  /** What it says: `GGA`. */
  readonly type: string;
  /** The text between commas behind the address, trimmed. */
  readonly values: readonly string[];
  /** It has a checksum, which is right. */
  readonly isChecked: boolean;
}

/** @returns a text: why it is none, or is damaged, as a sentence */
export function readSentence(line: string): Sentence | string {
  const body = withoutTagBlock(line);
  const first = body.charCodeAt(0);
  if (first !== 0x24 && first !== 0x21) return 'It begins with neither $ nor !, as a sentence of NMEA 0183 does.';
  for (let i = 0; i < body.length; i++) {
    const code = body.charCodeAt(i);
    if (code < 0x20 || code > 0x7e)
      return `Character ${i} is 0x${code.toString(16).padStart(2, '0')}, which no sentence has.`;
  }
  const star = body.lastIndexOf('*');
  if (star >= 0) {
    const given = body.slice(star + 1).trim();
    const reckoned = xorOf(body, 1, star);
    if (!/^[0-9A-Fa-f]{2}$/.test(given)) return `Its checksum is "${given.slice(0, 8)}", not two hexadecimal digits.`;
    if (Number.parseInt(given, 16) !== reckoned) {
      const right = reckoned.toString(16).toUpperCase().padStart(2, '0');
      return `Its checksum is ${given}, but its text comes to ${right}: it was damaged on the way.`;
    }
  }
  const [address = '', ...values] = body.slice(1, star < 0 ? undefined : star).split(',');
  if (!/^[A-Z][A-Z0-9]{3,7}$/.test(address)) return `"${address.slice(0, 10)}" is no address of a sentence.`;
  const isProprietary = address.startsWith('P');
  return {
    talker: isProprietary ? address.slice(0, 4) : address.slice(0, -3),
    type: isProprietary ? address.slice(4) : address.slice(-3),
    values: values.map((value) => value.trim()),
    isChecked: star >= 0,
  };
}

/** Receivers may put a block before a sentence, with times and sources: `\s:rx1,c:1700000000*5C\!AIVDM,…` (NMEA 0183 § 7). */
function withoutTagBlock(line: string): string {
  if (!line.startsWith('\\')) return line;
  const end = line.indexOf('\\', 1);
  return end < 0 ? line : line.slice(end + 1);
}

function xorOf(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value ^= text.charCodeAt(i);
  return value;
}
