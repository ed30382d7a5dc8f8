import { checksumAt, checksumOf } from '../framing/checksums.ts';
import type { RegisterTable } from './options.ts';

/** A request to read. Addresses are as they are sent, from 0 on. */
export interface ReadRequest {
  /** The device's address on the line, 1 to 247. */
  readonly unit: number;
  readonly table: RegisterTable;
  readonly address: number;
  readonly count: number;
}

/** What came of a request. */
export type Answer =
  /** @property data as it came: two bytes a register, or eight coils a byte from the lowest bit on */
  | { readonly kind: 'data'; readonly data: Uint8Array }
  /** The device refused it. @property failure a sentence: who refused what, and why */
  | { readonly kind: 'exception'; readonly code: number; readonly failure: string }
  /** It is no answer to this request, or was damaged. @property failure a sentence */
  | { readonly kind: 'failed'; readonly failure: string };

/** Functions by which the tables are read (Modbus Application Protocol 1.1b3 § 6.1 to 6.4). */
const functions: Readonly<Record<RegisterTable, number>> = { coil: 1, discrete: 2, holding: 3, input: 4 };
const tables: readonly (RegisterTable | undefined)[] = [undefined, 'coil', 'discrete', 'holding', 'input'];

/** Exceptions by their code (§ 7), and what they mean for who asked. */
const exceptions: ReadonlyMap<number, string> = new Map([
  [1, 'illegal function: it does not have this kind of registers'],
  [2, 'illegal data address: it does not have all of these registers'],
  [3, 'illegal data value: it does not give so many registers at once'],
  [4, 'server device failure: it can not do what it was asked'],
  [5, 'acknowledge: it takes longer than usual'],
  [6, 'server device busy: it is at work, ask again later'],
  [8, 'memory parity error: its memory is damaged'],
  [10, 'gateway path unavailable: the gateway before it has no way to it'],
  [11, 'gateway target device failed to respond: it is off, or not on that line'],
]);

const isBits = (table: RegisterTable): boolean => table === 'coil' || table === 'discrete';

/** The bytes that ask for it over a serial line, with their CRC. */
export function rtuRequest(request: ReadRequest): Uint8Array {
  const frame = Buffer.alloc(8);
  frame[0] = request.unit;
  frame[1] = functions[request.table];
  frame.writeUInt16BE(request.address, 2);
  frame.writeUInt16BE(request.count, 4);
  frame.writeUInt16LE(checksumOf('crc16-modbus', frame, 0, 6), 6);
  return frame;
}

/** Reads a request, with or without its CRC. @returns undefined: it is none to read, or its CRC is wrong */
export function readRequest(frame: Uint8Array): ReadRequest | undefined {
  const table = tables[frame[1] ?? 0];
  if (!table || (frame.length !== 6 && frame.length !== 8)) return undefined;
  if (frame.length === 8 && checksumOf('crc16-modbus', frame, 0, 6) !== checksumAt('crc16-modbus', frame, 6))
    return undefined;
  return { unit: frame[0]!, table, address: frame[2]! * 256 + frame[3]!, count: frame[4]! * 256 + frame[5]! };
}

/**
 * The answer within what came over a serial line after a request. What stands before it is passed over: an echo of the request, the
 * end of a late answer, noise from the line's driver being switched. A frame counts only when its CRC is right.
 */
export function rtuAnswer(request: ReadRequest, bytes: Uint8Array): Answer {
  let damaged = false;
  const code = functions[request.table];
  for (let at = 0; at + 5 <= bytes.length; at++) {
    if (bytes[at] !== request.unit || (bytes[at + 1]! & 0x7f) !== code) continue;
    const isException = (bytes[at + 1]! & 0x80) !== 0;
    const size = isException ? 5 : 5 + bytes[at + 2]!;
    if (at + size > bytes.length) continue;
    const frame = bytes.subarray(at, at + size);
    if (checksumOf('crc16-modbus', frame, 0, size - 2) !== checksumAt('crc16-modbus', frame, size - 2)) damaged = true;
    else return answerOf(request, frame.subarray(1, size - 2));
  }
  return {
    kind: 'failed',
    failure: `${asked(request)}: ${damaged ? 'the answer was damaged on the way: its CRC is wrong' : nothingIn(bytes)}.`,
  };
}

function nothingIn(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'no answer came';
  const hex = Buffer.from(bytes.subarray(0, 16)).toString('hex');
  return `there is no whole answer in the ${bytes.length} bytes that came (${hex}${bytes.length > 16 ? '…' : ''})`;
}

/** What a protocol data unit says: an answer without address and checksum, as Modbus RTU and TCP have in common. */
export function answerOf(request: ReadRequest, unit: Uint8Array): Answer {
  const code = functions[request.table];
  const [first = 0, second = 0] = unit;
  if (first === (code | 0x80) && unit.length === 2) {
    const meaning = exceptions.get(second) ?? 'which Modbus does not define';
    return { kind: 'exception', code: second, failure: `${asked(request)}: exception ${second}, ${meaning}.` };
  }
  if (first !== code) return { kind: 'failed', failure: `${asked(request)}: the answer is for function ${first}.` };
  const expected = isBits(request.table) ? Math.ceil(request.count / 8) : request.count * 2;
  const data = unit.subarray(2);
  if (second !== expected || data.length !== expected) {
    return {
      kind: 'failed',
      failure: `${asked(request)}: the answer has ${data.length} bytes of data, not ${expected}.`,
    };
  }
  return { kind: 'data', data };
}

/** Who was asked for what: the begin of a sentence. */
function asked({ unit, table, address, count }: ReadRequest): string {
  const what = isBits(table) ? `${table}s` : `${table} registers`;
  return `Device ${unit}, asked for ${what} ${address} to ${address + count - 1}`;
}
