import type { RegisterTable } from './options.ts';

// Protocol data units: what a request or an answer says, without address and checksum, as Modbus RTU and TCP have in common
// (Modbus Application Protocol 1.1b3 § 4.1).

/** A request to read. Addresses are as they are sent, from 0 on. */
export interface ReadRequest {
  /** The device's address on the line, 1 to 247. */
  readonly unit: number;
  readonly table: RegisterTable;
  readonly address: number;
  readonly count: number;
}

/** What is written to a device. Addresses are as they are sent, from 0 on; registers are numbers from 0 to 65,535. */
export type RegisterWrite =
  /** Function 5. */
  | { readonly kind: 'coil'; readonly address: number; readonly value: boolean }
  /** Function 6. */
  | { readonly kind: 'register'; readonly address: number; readonly value: number }
  /** Function 15. @property values 1 to 1,968 */
  | { readonly kind: 'coils'; readonly address: number; readonly values: readonly boolean[] }
  /** Function 16. @property values 1 to 123 */
  | { readonly kind: 'registers'; readonly address: number; readonly values: readonly number[] };

/** A request to write to a device of a line. */
export type WriteRequest = RegisterWrite & { readonly unit: number };

/** Functions by which the tables are read (§ 6.1 to 6.4). */
export const readFunctions: Readonly<Record<RegisterTable, number>> = { coil: 1, discrete: 2, holding: 3, input: 4 };
/** Functions by which is written (§ 6.5, 6.6, 6.11, 6.12). */
const writeFunctions: Readonly<Record<RegisterWrite['kind'], number>> = {
  coil: 5,
  register: 6,
  coils: 15,
  registers: 16,
};

/** An answer that tells why not has this bit in its function. */
export const exceptionBit = 0x80;

export function readPdu({ table, address, count }: ReadRequest): Uint8Array {
  const pdu = Buffer.alloc(5);
  pdu[0] = readFunctions[table];
  pdu.writeUInt16BE(address, 1);
  pdu.writeUInt16BE(count, 3);
  return pdu;
}

/** @throws {RangeError} for numbers that do not fit into a register, or more of them than Modbus allows */
export function writePdu(write: RegisterWrite): Uint8Array {
  const { kind, address } = write;
  switch (kind) {
    case 'coil':
      return fixed(writeFunctions[kind], address, write.value ? 0xff00 : 0);
    case 'register':
      return fixed(writeFunctions[kind], address, write.value);
    case 'coils': {
      const { values } = write;
      if (values.length === 0 || values.length > 1968) throw new RangeError('1 to 1,968 coils are written at once.');
      const bits = Buffer.alloc(Math.ceil(values.length / 8));
      for (const [index, value] of values.entries()) if (value) bits[index >> 3]! |= 1 << (index & 7);
      return Buffer.concat([fixed(writeFunctions[kind], address, values.length), [bits.length], bits].map(bytesOf));
    }
    case 'registers': {
      const { values } = write;
      if (values.length === 0 || values.length > 123) throw new RangeError('1 to 123 registers are written at once.');
      const data = Buffer.alloc(values.length * 2);
      for (const [index, value] of values.entries()) data.writeUInt16BE(value, index * 2);
      return Buffer.concat([fixed(writeFunctions[kind], address, values.length), [data.length], data].map(bytesOf));
    }
  }
}

const bytesOf = (bytes: Uint8Array | readonly number[]): Uint8Array => Uint8Array.from(bytes);

function fixed(code: number, address: number, value: number): Uint8Array {
  const pdu = Buffer.alloc(5);
  pdu[0] = code;
  pdu.writeUInt16BE(address, 1);
  pdu.writeUInt16BE(value, 3);
  return pdu;
}

/** Coils and inputs are bits, the others registers of two bytes. */
const readsBits = (code: number): boolean => code === 1 || code === 2;
export const isRead = (code: number): boolean => code >= 1 && code <= 4;
const isWrite = (code: number): boolean => code === 5 || code === 6 || code === 15 || code === 16;

/** How many bytes the answer to a request has, if it is none that tells why not. */
export function answerSize(request: Uint8Array): number {
  if (!isRead(request[0]!)) return 5;
  const count = request[3]! * 256 + request[4]!;
  return 2 + (readsBits(request[0]!) ? Math.ceil(count / 8) : count * 2);
}

/**
 * How many bytes an answer has that begins like this, by what it says itself.
 *
 * @param at where its function stands
 * @returns undefined: no answer that is known here begins so, or too little of it is there to tell
 */
export function sizeFrom(bytes: Uint8Array, at: number): number | undefined {
  const code = bytes[at];
  if (code === undefined) return undefined;
  const plain = code & ~exceptionBit;
  if (!isRead(plain) && !isWrite(plain)) return undefined;
  if (code & exceptionBit) return 2;
  if (isWrite(code)) return 5;
  const size = bytes[at + 1];
  return size === undefined ? undefined : 2 + size;
}

/** Whether this can be the answer to a request: what it was asked for, of the right size, or why not. */
export function fits(request: Uint8Array, answer: Uint8Array): boolean {
  const code = request[0]!;
  if (answer[0] === (code | exceptionBit)) return answer.length === 2;
  if (answer[0] !== code || answer.length !== answerSize(request)) return false;
  if (isRead(code)) return answer[1] === answer.length - 2;
  for (let i = 1; i < 5; i++) if (answer[i] !== request[i]) return false;
  return true;
}

/** Whether the answer to one request would fit the other one. */
export function isOfOneForm(one: Uint8Array, other: Uint8Array): boolean {
  if (one[0] !== other[0]) return false;
  return isRead(one[0]!) ? answerSize(one) === answerSize(other) : sameHead(one, other);
}

/** Whether the answer to one request can be taken for the answer to the other one, and would be about other registers. */
export function isConfusable(one: Uint8Array, other: Uint8Array): boolean {
  return isOfOneForm(one, other) && !sameHead(one, other);
}

function sameHead(one: Uint8Array, other: Uint8Array): boolean {
  for (let i = 0; i < 5; i++) if (one[i] !== other[i]) return false;
  return true;
}
