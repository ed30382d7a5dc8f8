import { checksumAt, checksumOf } from '../framing/checksums.ts';
import { type Answer, answerOf, asked } from './answer.ts';
import type { RegisterTable } from './options.ts';
import { exceptionBit, type ReadRequest, readFunctions, readPdu } from './pdu.ts';

const tables: readonly (RegisterTable | undefined)[] = [undefined, 'coil', 'discrete', 'holding', 'input'];

/** Device, protocol data unit and CRC, as they go over a serial line (Modbus over Serial Line 1.02 § 2.5.1). */
export function rtuFrame(unit: number, pdu: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(pdu.length + 3);
  frame[0] = unit;
  frame.set(pdu, 1);
  const end = pdu.length + 1;
  frame.writeUInt16LE(checksumOf('crc16-modbus', frame, 0, end), end);
  return frame;
}

/** Whether the bytes from `from` to `to` are a frame with the right CRC. */
export function isFrame(bytes: Uint8Array, from: number, to: number): boolean {
  return checksumOf('crc16-modbus', bytes, from, to - 2) === checksumAt('crc16-modbus', bytes, to - 2);
}

/** The bytes that ask for it over a serial line, with their CRC. */
export function rtuRequest(request: ReadRequest): Uint8Array {
  return rtuFrame(request.unit, readPdu(request));
}

/** Reads a request, with or without its CRC. @returns undefined: it is none to read, or its CRC is wrong */
export function readRequest(frame: Uint8Array): ReadRequest | undefined {
  const table = tables[frame[1] ?? 0];
  if (!table || (frame.length !== 6 && frame.length !== 8)) return undefined;
  if (frame.length === 8 && !isFrame(frame, 0, 8)) return undefined;
  return { unit: frame[0]!, table, address: frame[2]! * 256 + frame[3]!, count: frame[4]! * 256 + frame[5]! };
}

/**
 * The answer within what came over a serial line after a request. What stands before it is passed over: an echo of the request, the
 * end of a late answer, noise from the line's driver being switched. A frame counts only when its CRC is right.
 */
export function rtuAnswer(request: ReadRequest, bytes: Uint8Array): Answer {
  let damaged = false;
  const code = readFunctions[request.table];
  for (let at = 0; at + 5 <= bytes.length; at++) {
    if (bytes[at] !== request.unit || (bytes[at + 1]! & ~exceptionBit) !== code) continue;
    const isException = (bytes[at + 1]! & exceptionBit) !== 0;
    const size = isException ? 5 : 5 + bytes[at + 2]!;
    if (at + size > bytes.length) continue;
    const frame = bytes.subarray(at, at + size);
    if (!isFrame(frame, 0, size)) damaged = true;
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
