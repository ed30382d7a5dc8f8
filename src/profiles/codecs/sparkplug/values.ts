import type { Field, FieldValue } from '../../../core/measurement.ts';
import { plainFloat32 } from '../../../lib/float32.ts';
import type { ProtoCursor } from '../../../lib/proto-cursor.ts';
import type { Limits } from '../../codec.ts';
import { maxNameLength } from '../../tree.ts';
import { arrayItems } from './arrays.ts';
import { type Metric, readMetric, whole } from './payload.ts';

/** Where a payload's fields go. */
export class FieldSink {
  readonly #limits: Limits;
  readonly #cursor: ProtoCursor;
  #count = 0;
  /** The fields say all that the metrics said. */
  isComplete = true;
  /** Why it is more than one message may become, as a sentence. */
  excess: string | undefined;

  /** @param cursor on the payload that the metrics are of */
  constructor(cursor: ProtoCursor, limits: Limits) {
    this.#cursor = cursor;
    this.#limits = limits;
  }

  /**
   * Adds what a metric says, by the datatype in it or else as it was born: one field; of an array one for each element
   * (`name.0`), of a data set one for each cell (`name.<row>.<column>`), of a template one for each member (`name/member`).
   */
  add(fields: Field[], metric: Metric, name: string, type: number, unit: string | undefined, depth = 1): void {
    if (metric.hasMore) this.isComplete = false;
    if (metric.isNull || metric.field === undefined) this.isComplete = false;
    else if (metric.field < 16) this.#put(fields, name, castValue(metric.value!, metric.field, type), unit);
    else if (metric.field === 16) this.#addBytes(fields, metric, name, type, unit);
    else if (metric.field === 17) this.#addDataSet(fields, metric, name);
    else this.#addTemplate(fields, metric, name, depth);
  }

  #put(fields: Field[], name: string, value: FieldValue | undefined, unit?: string): void {
    if (value === undefined) this.isComplete = false;
    else if (this.#count >= this.#limits.maxFields) this.excess = `It has more than ${this.#limits.maxFields} values.`;
    else if (name.length > maxNameLength) this.excess = `A name has more than ${maxNameLength} characters.`;
    else {
      this.#count++;
      fields.push(unit === undefined ? { name, value } : { name, value, unit });
    }
  }

  #addBytes(fields: Field[], { at, end }: Metric, name: string, type: number, unit: string | undefined): void {
    const bytes = this.#cursor.bytes.subarray(at, end);
    if (type < 22 || type > 34) {
      this.#put(fields, name, Uint8Array.from(bytes));
      return;
    }
    const items = arrayItems(bytes, type, this.#limits.maxFields + 1);
    if (items.isBroken || items.values.length === 0) this.isComplete = false;
    for (let i = 0; i < items.values.length && this.excess === undefined; i++) {
      this.#put(fields, `${name}.${i}`, finite(items.values[i]!), unit);
    }
  }

  #addDataSet(fields: Field[], { at, end }: Metric, name: string): void {
    const cursor = this.#cursor;
    const { maxFields } = this.#limits;
    const columns: string[] = [];
    const types: number[] = [];
    const rows: number[] = [];
    cursor.at = at!;
    cursor.end = end!;
    while (cursor.at < end!) {
      const tag = cursor.tag();
      if (tag === 0x12 && columns.length < maxFields) columns.push(cursor.text());
      else if (tag === 0x18 && types.length < maxFields) types.push(cursor.bits32());
      else if (tag === 0x1a) {
        // Written packed, as proto3 would.
        for (const stop = cursor.span(); cursor.at < stop; ) {
          const type = cursor.bits32();
          if (types.length < maxFields) types.push(type);
        }
      } else if (tag === 0x22 && rows.length < 2 * maxFields + 2) {
        const stop = cursor.span();
        rows.push(cursor.at, stop);
        cursor.at = stop;
      } else cursor.skip(tag);
    }
    if (rows.length === 0) this.isComplete = false;
    if (rows.length > 2 * maxFields) this.excess = `It has a data set of more than ${maxFields} rows.`;
    for (let i = 0; i < rows.length && this.excess === undefined; i += 2) {
      cursor.at = rows[i]!;
      cursor.end = rows[i + 1]!;
      this.#addRow(fields, `${name}.${i / 2}`, columns, types);
    }
  }

  #addRow(fields: Field[], name: string, columns: readonly string[], types: readonly number[]): void {
    const cursor = this.#cursor;
    const rowEnd = cursor.end;
    for (let column = 0; cursor.at < rowEnd && this.excess === undefined; ) {
      const tag = cursor.tag();
      if (tag !== 0x0a) {
        cursor.skip(tag);
        continue;
      }
      const stop = cursor.span();
      cursor.end = stop;
      const value = this.#cell(stop, types[column] ?? 0);
      cursor.end = rowEnd;
      this.#put(fields, `${name}.${columns[column] ?? column}`, value);
      column++;
    }
  }

  /** The value of a data set's cell; undefined: null, or none that is known. */
  #cell(stop: number, type: number): FieldValue | undefined {
    const cursor = this.#cursor;
    let value: FieldValue | undefined;
    while (cursor.at < stop) {
      const tag = cursor.tag();
      if (tag === 0x08 || tag === 0x10) value = castValue(whole(cursor), tag === 0x08 ? 10 : 11, type);
      else if (tag === 0x1d) value = castValue(cursor.float(), 12, type);
      else if (tag === 0x21) value = castValue(cursor.double(), 13, type);
      else if (tag === 0x28) value = cursor.bool();
      else if (tag === 0x32) value = cursor.text();
      else cursor.skip(tag);
    }
    return value;
  }

  #addTemplate(fields: Field[], { at, end }: Metric, name: string, depth: number): void {
    if (depth >= this.#limits.maxDepth) {
      this.excess = `Its templates are nested deeper than ${this.#limits.maxDepth} levels.`;
      return;
    }
    const cursor = this.#cursor;
    const maxMembers = 4 * this.#limits.maxFields;
    const members: Metric[] = [];
    let isDefinition = false;
    cursor.at = at!;
    cursor.end = end!;
    while (cursor.at < end!) {
      const tag = cursor.tag();
      if (tag === 0x12) {
        members.push(readMetric(cursor, cursor.span()));
        if (members.length > maxMembers) break;
      } else if (tag === 0x28) isDefinition = cursor.bool();
      else {
        // Its version, what it is an instance of, its parameters: what it is, not what it measured.
        cursor.skip(tag);
        if (tag !== 0x22) this.isComplete = false;
      }
    }
    if (members.length > maxMembers) this.excess = `It has a template of more than ${maxMembers} members.`;
    // The values of a definition are defaults, and nobody's.
    if (isDefinition || members.length === 0) this.isComplete = false;
    if (isDefinition) return;
    for (const member of members) {
      if (this.excess !== undefined) return;
      this.add(fields, member, `${name}/${member.name ?? ''}`, member.type ?? 0, member.unit, depth + 1);
    }
  }
}

/**
 * A value by its datatype (Sparkplug 3.0.0 § 6.4.16): signed numbers come in unsigned ones. A value that has come in another field
 * than its datatype's is what that field says. Undefined: no number.
 */
export function castValue(
  value: number | bigint | boolean | string,
  field: number,
  type: number,
): FieldValue | undefined {
  if (field === 10 || field === 11) return castWhole(value as number | bigint, type);
  if (field === 12) return finite(plainFloat32(value as number));
  return typeof value === 'number' ? finite(value) : value;
}

function castWhole(value: number | bigint, type: number): FieldValue {
  switch (type) {
    case 1:
      return (low32(value) << 24) >> 24;
    case 2:
      return (low32(value) << 16) >> 16;
    case 3:
      return low32(value);
    case 4:
      return typeof value === 'number' ? value : exact(BigInt.asIntN(64, value));
    case 5:
      return low32(value) & 0xff;
    case 6:
      return low32(value) & 0xffff;
    case 7:
      return low32(value) >>> 0;
    case 11:
      return Number(value) !== 0;
    default:
      return value;
  }
}

/** The lowest 32 bits, signed. Some write a negative number as 64 bits. */
function low32(value: number | bigint): number {
  return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
}

function exact(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function finite(value: FieldValue): FieldValue | undefined {
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
}
