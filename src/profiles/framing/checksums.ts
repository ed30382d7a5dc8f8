import type { ChecksumKind } from './options.ts';

/** A CRC as its catalogue describes it (reveng.sourceforge.io/crc-catalogue): reflected ones go from the lowest bit on. */
interface Crc {
  readonly bits: 8 | 16;
  readonly polynomial: number;
  readonly initial: number;
  readonly isReflected: boolean;
  readonly turnedOver: number;
}

interface Checksum {
  readonly bytes: 1 | 2;
  readonly order: 'big' | 'little';
  readonly reckon: (bytes: Uint8Array, from: number, to: number) => number;
}

function sum(bytes: Uint8Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += bytes[i]!;
  return total;
}

/** A byte as two hexadecimal digits, in capitals. */
function hexDigits(byte: number): number {
  const digit = (value: number): number => value + (value < 10 ? 0x30 : 0x37);
  return digit(byte >> 4) * 256 + digit(byte & 0x0f);
}

function crc({ bits, polynomial, initial, isReflected, turnedOver }: Crc): Checksum['reckon'] {
  const table = new Uint16Array(256);
  const top = 1 << (bits - 1);
  const all = 2 ** bits - 1;
  for (let byte = 0; byte < 256; byte++) {
    let value = isReflected ? byte : byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) {
      if (isReflected) value = value & 1 ? (value >> 1) ^ polynomial : value >> 1;
      else value = (value & top ? (value << 1) ^ polynomial : value << 1) & all;
    }
    table[byte] = value;
  }
  return (bytes, from, to) => {
    let value = initial;
    for (let i = from; i < to; i++) {
      if (isReflected) value = (value >> 8) ^ table[(value ^ bytes[i]!) & 0xff]!;
      else value = ((value << 8) & all) ^ table[((value >> (bits - 8)) ^ bytes[i]!) & 0xff]!;
    }
    return value ^ turnedOver;
  };
}

const crc8 = (polynomial: number, initial: number, isReflected = false): Checksum => ({
  bytes: 1,
  order: 'big',
  reckon: crc({ bits: 8, polynomial, initial, isReflected, turnedOver: 0 }),
});

const crc16 = (
  order: 'big' | 'little',
  polynomial: number,
  initial: number,
  isReflected: boolean,
  turnedOver = 0,
): Checksum => ({
  bytes: 2,
  order,
  reckon: crc({ bits: 16, polynomial, initial, isReflected, turnedOver }),
});

const xmodem = crc16('big', 0x1021, 0, false);

/** The bytes of a bracket, CR and LF would be taken for the begin or the end of a telegram, and are sent one higher. */
function voltronic(bytes: Uint8Array, from: number, to: number): number {
  const crc = xmodem.reckon(bytes, from, to);
  const sent = (byte: number): number => ([0x28, 0x0d, 0x0a].includes(byte) ? byte + 1 : byte);
  return sent(crc >> 8) * 256 + sent(crc & 0xff);
}

/** Reflected CRCs have their low byte first on the wire, the others the high one, unless `order` says otherwise. */
const checksums: Readonly<Record<ChecksumKind, Checksum>> = {
  sum8: { bytes: 1, order: 'big', reckon: (bytes, from, to) => sum(bytes, from, to) & 0xff },
  'sum8-complement': { bytes: 1, order: 'big', reckon: (bytes, from, to) => -sum(bytes, from, to) & 0xff },
  'sum8-inverted': { bytes: 1, order: 'big', reckon: (bytes, from, to) => ~sum(bytes, from, to) & 0xff },
  'sum8-hex': { bytes: 2, order: 'big', reckon: (bytes, from, to) => hexDigits(sum(bytes, from, to) & 0xff) },
  sum16be: { bytes: 2, order: 'big', reckon: (bytes, from, to) => sum(bytes, from, to) & 0xffff },
  sum16le: { bytes: 2, order: 'little', reckon: (bytes, from, to) => sum(bytes, from, to) & 0xffff },
  'sum16-complement': { bytes: 2, order: 'big', reckon: (bytes, from, to) => -sum(bytes, from, to) & 0xffff },
  xor8: {
    bytes: 1,
    order: 'big',
    reckon: (bytes, from, to) => {
      let value = 0;
      for (let i = from; i < to; i++) value ^= bytes[i]!;
      return value;
    },
  },
  crc8: crc8(0x07, 0),
  'crc8-maxim': crc8(0x8c, 0, true),
  'crc8-sensirion': crc8(0x31, 0xff),
  'crc16-modbus': crc16('little', 0xa001, 0xffff, true),
  'crc16-arc': crc16('little', 0xa001, 0, true),
  'crc16-ccitt': crc16('big', 0x1021, 0xffff, false),
  'crc16-xmodem': xmodem,
  'crc16-kermit': crc16('little', 0x8408, 0, true),
  'crc16-x25': crc16('little', 0x8408, 0xffff, true, 0xffff),
  'crc16-voltronic': { bytes: 2, order: 'big', reckon: voltronic },
};

/** How many bytes it has. */
export function checksumSize(kind: ChecksumKind): 1 | 2 {
  return checksums[kind].bytes;
}

/** The checksum of `bytes` from `from` up to and without `to`. */
export function checksumOf(kind: ChecksumKind, bytes: Uint8Array, from = 0, to = bytes.length): number {
  return checksums[kind].reckon(bytes, from, to);
}

/** The bytes of a checksum as they are sent. @param order other than is usual for its kind */
export function checksumBytes(kind: ChecksumKind, checksum: number, order?: 'big' | 'little'): Uint8Array {
  const { bytes: size, order: usual } = checksums[kind];
  if (size === 1) return Uint8Array.of(checksum);
  const [high, low] = [checksum >> 8, checksum & 0xff];
  return (order ?? usual) === 'big' ? Uint8Array.of(high, low) : Uint8Array.of(low, high);
}

/** The checksum that stands in `bytes` at `at`. @param order other than is usual for its kind */
export function checksumAt(kind: ChecksumKind, bytes: Uint8Array, at: number, order?: 'big' | 'little'): number {
  const { bytes: size, order: usual } = checksums[kind];
  const first = bytes[at] ?? 0;
  if (size === 1) return first;
  const second = bytes[at + 1] ?? 0;
  return (order ?? usual) === 'big' ? first * 256 + second : second * 256 + first;
}
