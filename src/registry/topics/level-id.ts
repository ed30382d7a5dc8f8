const patterns: readonly RegExp[] = [
  // A number, whatever it counts.
  /^[+-]?\d+(?:\.\d+)?$/,
  // Hexadecimal digits, six or more with a figure among them; as 0x… and !… also fewer.
  /^(?=[a-f]*\d)[0-9a-f]{6,}$/i,
  /^(?:0x|!)[0-9a-f]{4,}$/i,
  // A MAC or an EUI-64.
  /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5,7}$/i,
  // A UUID.
  /^\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i,
  // A kind and the end of its address: shelly1pmminig3-48f6ee8d12dc, tasmota_1A2B3C.
  /^[\w.-]*[-_](?=[a-f]*\d)[0-9a-f]{6,16}$/i,
];
/** A longer level is no word of a convention. */
const maxWord = 64;

/** Whether a level of a topic names one of many things rather than a kind: a number, an address, an id. */
export function isId(level: string): boolean {
  return level.length > maxWord || patterns.some((pattern) => pattern.test(level));
}
