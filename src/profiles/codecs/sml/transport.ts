import { checksumAt, checksumOf } from '../../framing/checksums.ts';

const version1 = Uint8Array.of(1, 1, 1, 1);

/**
 * What is between the start and end sequences of SML's transport, version 1 (BSI TR-03109-1, annex IV, § 8), without escapes and filling
 * bytes. @returns a text: why there is none, as a sentence
 */
export function contentOf(file: Uint8Array): Uint8Array | string {
  const start = Buffer.from(file.buffer, file.byteOffset, file.byteLength).indexOf('1b1b1b1b01010101', 'hex');
  if (start < 0) return 'It has no start sequence, 1b1b1b1b01010101.';
  const content = new Uint8Array(file.length - start);
  let length = 0;
  for (let at = start + 8; at + 8 <= file.length; at += 4) {
    if (!isEscape(file, at)) {
      content.set(file.subarray(at, at + 4), length);
      length += 4;
    } else if (isEscape(file, at + 4)) {
      content.set(file.subarray(at, at + 4), length);
      length += 4;
      at += 4;
    } else if (file[at + 4] === 0x1a) {
      const filled = file[at + 5]!;
      if (filled > 3 || filled > length) return `Its end says that ${filled} bytes fill the last group of four.`;
      const damage = damageOf(file, start, at + 6);
      return damage ?? content.subarray(0, length - filled);
    } else if (runAround(file, at) === 8) {
      // Some escape what does not begin with a group of four: of eight that came so, four are meant.
    } else {
      const what = version1.every((byte, i) => file[at + 4 + i] === byte) ? 'begins another file' : 'stands an escape';
      return `At byte ${at} ${what} before the end of this one.`;
    }
  }
  return 'Its end sequence, 1b1b1b1b1a, is missing.';
}

function isEscape(file: Uint8Array, at: number): boolean {
  return file[at] === 0x1b && file[at + 1] === 0x1b && file[at + 2] === 0x1b && file[at + 3] === 0x1b;
}

/** How many bytes 1b there are in a row around those at `at`, up to three on each side. */
function runAround(file: Uint8Array, at: number): number {
  let begin = at;
  while (begin > at - 3 && file[begin - 1] === 0x1b) begin--;
  let end = at + 4;
  while (end < at + 7 && file[end] === 0x1b) end++;
  return end - begin;
}

/** The CRC is X.25's; meters of Holley begin it with 0 and leave it as it comes out (CRC-16/KERMIT). */
function damageOf(file: Uint8Array, start: number, at: number): string | undefined {
  const given = checksumAt('crc16-x25', file, at);
  const right = checksumOf('crc16-x25', file, start, at);
  if (given === right || given === checksumOf('crc16-kermit', file, start, at)) return undefined;
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  return `Its CRC is ${hex(given)}, but the file comes to ${hex(right)}: it was damaged on the way.`;
}
