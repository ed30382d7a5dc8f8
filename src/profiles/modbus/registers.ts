import { unitOf } from '../../core/measure-units.ts';
import type { Field, FieldValue } from '../../core/measurement.ts';
import { readValue, sizeOf } from '../binary/binary.ts';
import { absent, applyRule, unfit, type ValueRule } from '../language/value.ts';
import type { ModbusOptions, RegisterOptions, RegisterTable } from './options.ts';
import type { ReadRequest } from './pdu.ts';

/** What registers and coils give. */
export interface RegisterValues {
  readonly fields: readonly Field[];
  /** Registers whose value can't be read, or is beyond what it can be, a sentence each. */
  readonly faults: readonly string[];
}

interface Register {
  readonly options: RegisterOptions;
  readonly table: RegisterTable;
  readonly first: number;
  /** How many registers, or coils, it takes. */
  readonly count: number;
  readonly unit: string | undefined;
  readonly rule: ValueRule;
  /** Where the power of ten is by which it is multiplied. */
  readonly exponentAt: number | undefined;
}

/** A value, nothing because the register says that there is none, or why there is none. */
type Read =
  | { readonly kind: 'value'; readonly value: FieldValue }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly failure: string };

const tables: readonly RegisterTable[] = ['coil', 'discrete', 'holding', 'input'];
const isBits = (table: RegisterTable): boolean => table === 'coil' || table === 'discrete';

/** A device's registers by the names that its profile gives them. */
export class RegisterMap {
  readonly #registers: readonly Register[];
  readonly #tellsRest: boolean;
  readonly #maxCount: number;
  readonly #maxGap: number;

  /** @param options undefined: nothing is known, and every register is told by its number, `holding[107]` */
  constructor(options?: ModbusOptions) {
    this.#registers = (options?.registers ?? []).map(compile).sort((a, b) => a.first - b.first);
    this.#tellsRest = options === undefined || options.rest === 'keep';
    this.#maxCount = options?.maxCount ?? 125;
    this.#maxGap = options?.maxGap ?? 0;
  }

  /** As few requests as read all of the registers: neighbours together, as far as the device allows. */
  requests(unit: number): ReadRequest[] {
    return tables.flatMap((table) =>
      this.#blocks(table).map(({ address, count }) => ({ unit, table, address, count })),
    );
  }

  #blocks(table: RegisterTable): readonly { readonly address: number; readonly count: number }[] {
    const blocks: { readonly address: number; count: number }[] = [];
    for (const { first, count } of this.#spans(table)) {
      const last = blocks.at(-1);
      const end = last ? last.address + last.count : 0;
      const joined = last ? Math.max(end, first + count) - last.address : 0;
      if (last && first - end <= this.#maxGap && joined <= this.#maxCount) last.count = joined;
      else blocks.push({ address: first, count });
    }
    return blocks;
  }

  /** What has to be read, from the lowest address on. */
  #spans(table: RegisterTable): readonly { readonly first: number; readonly count: number }[] {
    const own = this.#registers.filter((one) => one.table === table);
    const exponents = new Set(own.flatMap(({ exponentAt }) => (exponentAt === undefined ? [] : [exponentAt])));
    if (exponents.size === 0) return own;
    return [...own, ...[...exponents].map((first) => ({ first, count: 1 }))].sort((a, b) => a.first - b.first);
  }

  /** The names of what a request reads. */
  namesIn({ table, address, count }: ReadRequest): string[] {
    const isIn = (one: Register): boolean =>
      one.table === table && one.first >= address && one.first + one.count <= address + count;
    return this.#registers.filter(isIn).map(({ options }) => options.name);
  }

  /** @param data as it came, of the size that was asked for: see `Answer` in answer.ts */
  read({ table, address, count }: ReadRequest, data: Uint8Array): RegisterValues {
    const fields: Field[] = [];
    const faults: string[] = [];
    const named = new Set<number>();
    for (const register of this.#registers) {
      const { first, options, unit } = register;
      if (register.table !== table || first < address || first + register.count > address + count) continue;
      for (let i = 0; i < register.count; i++) named.add(first + i);
      const read = readRegister(register, data, first - address, address);
      if (read.kind === 'failed') faults.push(`${options.name} (${table}[${first}]): ${read.failure}.`);
      else if (read.kind === 'value')
        fields.push({ name: options.name, value: read.value, ...(unit !== undefined && { unit }) });
    }
    for (let i = 0; this.#tellsRest && i < count; i++) {
      if (named.has(address + i)) continue;
      fields.push({ name: `${table}[${address + i}]`, value: isBits(table) ? bitAt(data, i) : registerAt(data, i) });
    }
    return { fields, faults };
  }
}

function compile(options: RegisterOptions): Register {
  const { table = 'holding', address, type = 'uint16', length, unit, scale, offset, range, except, words } = options;
  const bytes = sizeOf(type, length) ?? 2;
  return {
    options,
    table,
    first: address,
    count: isBits(table) ? 1 : Math.ceil(bytes / 2),
    unit: unit === undefined ? undefined : unitOf(unit),
    exponentAt: options.exponentAt,
    rule: { scale, offset, range, except, words: words && new Map(Object.entries(words)) },
  };
}

function readRegister(register: Register, data: Uint8Array, index: number, begin: number): Read {
  const { options, table, count, rule, exponentAt } = register;
  let raw: FieldValue = false;
  if (isBits(table)) raw = bitAt(data, index);
  else {
    const { type = 'uint16', order = 'big', length, mask } = options;
    const end = (index + count) * 2;
    // What is smaller than a register stands in its low byte; text of an odd length begins in the high one.
    const from = type === 'uint8' || type === 'int8' ? end - 1 : index * 2;
    const size = sizeOf(type, length) ?? 2;
    const read = readValue(data.subarray(from, from + size), type, order, mask);
    if (read.kind !== 'value') return read;
    raw = read.value;
  }
  if (exponentAt !== undefined) {
    const exponent = exponentIn(data, exponentAt - begin);
    if (typeof raw === 'boolean' || exponent === undefined) return { kind: 'absent' };
    const value = applyRule(raw, { ...rule, scale: 10 ** exponent });
    return value === absent || value === unfit ? { kind: 'absent' } : { kind: 'value', value };
  }
  const value = applyRule(raw, rule);
  if (value === absent) return { kind: 'absent' };
  if (value === unfit) return { kind: 'failed', failure: `${String(raw)} is beyond its range` };
  return { kind: 'value', value };
}

/** A power of ten; undefined: it is not there, or says itself that it is not known. */
function exponentIn(data: Uint8Array, index: number): number | undefined {
  if (index < 0 || index * 2 + 2 > data.length) return undefined;
  const value = (registerAt(data, index) << 16) >> 16;
  return Math.abs(value) <= 10 ? value : undefined;
}

const registerAt = (data: Uint8Array, index: number): number => data[index * 2]! * 256 + data[index * 2 + 1]!;
const bitAt = (data: Uint8Array, index: number): boolean => ((data[index >> 3]! >> (index & 7)) & 1) === 1;
