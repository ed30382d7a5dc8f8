import type { ModbusWords } from '../../core/command.ts';
import { checksumOf } from '../framing/checksums.ts';

/** The function by which it is written (Modbus Application Protocol 1.1b3 § 6.5, 6.6, 6.11 and 6.12). */
export function writeFunction({ table, values, isMultiple }: ModbusWords): 5 | 6 | 15 | 16 {
  const isOne = values.length === 1 && !isMultiple;
  return table === 'coil' ? (isOne ? 5 : 15) : isOne ? 6 : 16;
}

/** The bytes that ask a unit to write it over a serial line, with their CRC. */
export function rtuWrite(unit: number, words: ModbusWords): Uint8Array {
  const { table, address, values } = words;
  const code = writeFunction(words);
  const head = [unit, code, address >> 8, address & 0xff];
  let data: number[];
  if (code === 5) data = [values[0] ? 0xff : 0, 0];
  else if (code === 6) data = wordBytes(Number(values[0]));
  else {
    const bytes = table === 'coil' ? bitBytes(values) : values.flatMap(wordBytes);
    data = [...wordBytes(values.length), bytes.length, ...bytes];
  }
  const frame = Buffer.from([...head, ...data, 0, 0]);
  frame.writeUInt16LE(checksumOf('crc16-modbus', frame, 0, frame.length - 2), frame.length - 2);
  return frame;
}

const wordBytes = (value: number): number[] => [value >> 8, value & 0xff];

/** Eight coils a byte, the first one in the lowest bit. */
function bitBytes(values: readonly boolean[]): number[] {
  const bytes = new Array<number>(Math.ceil(values.length / 8)).fill(0);
  for (const [index, isOn] of values.entries()) if (isOn) bytes[index >> 3]! |= 1 << (index & 7);
  return bytes;
}
