import { sizeOf } from '../binary/binary.ts';
import { writeValue } from '../binary/write-value.ts';
import type { CommandOptions, WriteOptions } from '../language/command-options.ts';
import { truths } from '../language/value.ts';
import type { ModbusOptions, RegisterOptions } from '../modbus/options.ts';
import type { RegisterWrite } from '../modbus/pdu.ts';
import { rangeFault, shown } from './command-value.ts';
import type { Refused } from './serial-command.ts';

type Scalar = boolean | number | string;

/** Where and how a value is written: as a register of the profile says, or the command itself. */
type Target = WriteOptions & Pick<RegisterOptions, 'range'>;

export type WriteCommand = { readonly kind: 'write'; readonly write: RegisterWrite } | Refused;

const refused = (reason: string): Refused => ({ kind: 'refused', reason });

/**
 * A command as it is written to a Modbus device: what would be read again as its value. Pure.
 *
 * @param modbus the registers that the profile has
 */
export function registerWrite(
  options: Pick<CommandOptions, 'register' | 'write' | 'function'>,
  modbus: ModbusOptions | undefined,
  value: Scalar,
): WriteCommand {
  const register = modbus?.registers.find(({ name }) => name === options.register);
  const target: Target | undefined = options.write ?? (register as Target | undefined);
  if (target === undefined) return refused(`its profile has no register ${options.register}`);
  const isMultiple = options.function === 'multiple';
  const { address, table = 'holding', range } = target;
  const raw = rawValue(target, value);
  if (table === 'coil') {
    const bit = typeof raw === 'string' ? truths.get(raw.toLowerCase()) : raw === 1 || raw === 0 ? raw === 1 : raw;
    if (typeof bit !== 'boolean') return refused(`its value is ${shown(value)}, but must be true or false`);
    return {
      kind: 'write',
      write: isMultiple ? { kind: 'coils', address, values: [bit] } : { kind: 'coil', address, value: bit },
    };
  }
  const beyond = range === undefined ? undefined : rangeFault(value, range);
  if (beyond !== undefined) return refused(beyond);
  const { type = 'uint16', order, length } = target;
  const written = writeValue(raw, type, order, length);
  if ('fault' in written) {
    const { scale } = target;
    const isStep = scale !== undefined && typeof raw === 'number' && !Number.isInteger(raw);
    return refused(`its value is ${shown(value)}, ${isStep ? `but goes in steps of ${scale}` : written.fault}`);
  }
  const values = registersOf(written.bytes, type);
  const isOne = values.length === 1 && !isMultiple;
  return {
    kind: 'write',
    write: isOne ? { kind: 'register', address, value: values[0]! } : { kind: 'registers', address, values },
  };
}

/** How many registers a value takes. */
export function registerCount({ type = 'uint16', length }: Pick<WriteOptions, 'type' | 'length'>): number {
  return Math.ceil((sizeOf(type, length) ?? 2) / 2);
}

/** The number that stands in the register: the inverse of the register's words, scale and offset. */
function rawValue({ words = {}, scale = 1, offset = 0, type }: Target, value: Scalar): Scalar {
  const word = Object.entries(words).find(([, meaning]) => String(meaning) === String(value));
  if (word !== undefined) return Number(word[0]);
  if (typeof value !== 'number' || (scale === 1 && offset === 0)) return value;
  const raw = (value - offset) / scale;
  // 23.1 / 0.1 is 231.00000000000003: what is that near to a whole number is meant to be it.
  const whole = Math.round(raw);
  const isFloat = type === 'float32' || type === 'float64';
  return !isFloat && Math.abs(raw - whole) <= Math.max(1, Math.abs(raw)) * 1e-9 ? whole : raw;
}

function registersOf(bytes: Uint8Array, type: NonNullable<WriteOptions['type']>): number[] {
  // What is smaller than a register stands in its low byte, text of an odd length begins in the high one: as it is read.
  if (bytes.length === 1 && type !== 'text' && type !== 'hex' && type !== 'bcd') return [bytes[0]!];
  const values: number[] = [];
  for (let at = 0; at < bytes.length; at += 2) values.push(bytes[at]! * 256 + (bytes[at + 1] ?? 0));
  return values;
}
