import type { Field, FieldValue } from '../../../core/measurement.ts';
import type { UnixMs } from '../../../core/time.ts';
import {
  type Claim,
  type Codec,
  type CodecInput,
  type CodecOutput,
  failed,
  type Limits,
  measured,
  type Part,
} from '../../codec.ts';
import { isObject, parseJson, textOf } from '../../json.ts';
import { maxNameLength } from '../../tree.ts';
import { readCbor } from '../cbor/cbor-reader.ts';
import { cborRecord, jsonRecord, type SenmlRecord } from './senml-record.ts';

/** SenML in JSON (RFC 8428 § 5): {@link resolve}. */
export function createSenmlJsonCodec(): Codec {
  return codecOf('a JSON list of objects', (payload, limits, what) => {
    const text = textOf(payload);
    const json = text === undefined ? undefined : parseJson(text);
    return listOf(json, limits, (item) => (isObject(item) ? jsonRecord(item) : undefined)) ?? notAsSenml(what);
  });
}

/** SenML in CBOR (RFC 8428 § 6): {@link resolve}. */
export function createSenmlCborCodec(): Codec {
  return codecOf('a CBOR array of maps', (payload, limits, what) => {
    const read = readCbor(payload, limits);
    if (read.kind === 'failed') return `The payload is no CBOR. ${read.failure}`;
    return (
      listOf(read.value, limits, (item) => (item instanceof Map ? cborRecord(item) : undefined)) ?? notAsSenml(what)
    );
  });
}

function notAsSenml(what: string): string {
  return `The payload is not ${what}, as SenML is.`;
}

/** Records, each one or what is wrong with it. */
type Records = readonly (SenmlRecord | string)[];
/** A sentence when it is no list of records. */
type Read = (payload: Uint8Array, limits: Limits, what: string) => Records | string;

function codecOf(what: string, read: Read): Codec {
  return {
    decode(input) {
      const records = read(input.payload, input.limits, what);
      return typeof records === 'string' ? failed(records) : resolve(records, input);
    },
    claims(_topic, payload) {
      const records = read(payload, claimLimits, what);
      return typeof records === 'string' ? undefined : claimOf(records, what);
    },
  };
}

const claimLimits: Limits = { maxDepth: 4, maxFields: 5000 };

function listOf(
  list: unknown,
  { maxFields }: Limits,
  recordOf: (item: unknown) => SenmlRecord | string | undefined,
): Records | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const records: (SenmlRecord | string)[] = [];
  // Some have no value, but most of them have.
  const max = 4 * maxFields;
  for (const item of list) {
    if (records.length >= max) {
      records.push(`is one too many: a message may have ${max}`);
      break;
    }
    const record = recordOf(item);
    if (record === undefined) return undefined;
    records.push(record);
    if (typeof record === 'string') break;
  }
  return records;
}

/** By every record's having a name and a value with labels that are SenML's, and no others. */
function claimOf(records: Records, what: string): Claim | undefined {
  let hasBase = false;
  let isSure = true;
  let values = 0;
  for (const record of records) {
    if (typeof record === 'string' || (record.bver !== undefined && !versions.has(record.bver))) return undefined;
    if (record.bn !== undefined || record.bt !== undefined || record.bver !== undefined) hasBase = true;
    if (hasValue(record)) {
      if (record.n === undefined && !hasBase) return undefined;
      values++;
    } else if (!hasBase) return undefined;
    if (record.hasMore) isSure = false;
  }
  if (values === 0) return undefined;
  const named = hasBase ? 'with a base name or time' : 'each with a name n and a value';
  return { confidence: isSure ? (hasBase ? 0.97 : 0.95) : 0.6, reason: `it is ${what}, ${named}, as SenML has them` };
}

function hasValue({ v, vs, vb, vd, s }: SenmlRecord): boolean {
  return v !== undefined || vs !== undefined || vb !== undefined || vd !== undefined || s !== undefined;
}

/** RFC 8428's version, its drafts' before, and the one with secondary units (RFC 9100 § 3, RFC 8798). */
const versions: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 26]);

/** What is in force from the records before. */
interface Base {
  name: string;
  time: number;
  unit?: string | undefined;
  value?: number | undefined;
  sum?: number | undefined;
}

/**
 * RFC 8428 § 4.6: names, times, values and units with their bases. A field is named by the resolved name, a sum `<name>.sum`, and
 * what is of one instant is one part; two records of one name, with different units, are two fields. Times are exact to the
 * microsecond; those below 2^28 count from when the message was received, and zero is that time itself. What is left out, and
 * keeps the payload: labels that are not known, update times, records without a value.
 */
function resolve(records: Records, { limits, receivedAtMs }: CodecInput): CodecOutput {
  const base: Base = { name: '', time: 0 };
  const parts = new Map<number | undefined, { fields: Field[]; part: Part }>();
  let isComplete = true;
  let count = 0;
  for (const [i, record] of records.entries()) {
    const wrong = (what: string) => failed(`Record ${i + 1} ${what}.`);
    if (typeof record === 'string') return wrong(record);
    const { bver } = record;
    if (bver !== undefined && !versions.has(bver)) return wrong(`is of version ${bver}, which is not known`);
    takeBase(base, record);
    const fields = fieldsOf(record, base);
    if (typeof fields === 'string') return wrong(fields);
    if (record.hasMore || record.ut !== undefined) isComplete = false;
    if (fields.length === 0) {
      if (!isBaseOnly(record)) isComplete = false;
      continue;
    }
    count += fields.length;
    if (count > limits.maxFields) return failed(`There are more than ${limits.maxFields} values.`);
    const seconds = base.time + (record.t ?? 0);
    const micros = instantOf(seconds, receivedAtMs);
    if (Number.isNaN(micros)) return wrong(`has the time ${seconds}, which is no number of seconds since 1970`);
    const there = parts.get(micros);
    if (there !== undefined) there.fields.push(...fields);
    else parts.set(micros, { fields, part: { ...(micros !== undefined && timeOf(micros)), fields } });
  }
  if (count === 0) return failed('No record has a value.');
  return measured(
    [...parts.values()].map(({ part }) => part),
    isComplete,
  );
}

function takeBase(base: Base, { bn, bt, bu, bv, bs }: SenmlRecord): void {
  if (bn !== undefined) base.name = bn;
  if (bt !== undefined) base.time = bt;
  if (bu !== undefined) base.unit = bu;
  if (bv !== undefined) base.value = bv;
  if (bs !== undefined) base.sum = bs;
}

function isBaseOnly({ n, u, t }: SenmlRecord): boolean {
  return n === undefined && u === undefined && t === undefined;
}

/** Value and sum of a record, none when it has neither; a sentence when it is not as it may be. */
function fieldsOf(record: SenmlRecord, base: Base): Field[] | string {
  const { v, vs, vb, vd, s } = record;
  const values = [v, vs, vb, vd].filter((value) => value !== undefined);
  if (values.length > 1) return 'has several values';
  // Bases alone are a record without values, but one that stands for itself has the bases' value and sum.
  if (values.length === 0 && s === undefined && isBaseOnly(record)) return [];
  const sum = s === undefined ? base.sum : added(base.sum, s);
  const other = vs ?? vb ?? vd;
  const value: FieldValue | undefined = other ?? (v === undefined ? base.value : added(base.value, v));
  const name = record.n === undefined ? base.name : base.name + record.n;
  if (name === '') return 'has no name, and no base name is before it';
  if (name.length + 4 > maxNameLength) return `has a name of ${name.length} characters`;
  const unit = record.u ?? base.unit;
  const fields: Field[] = [];
  if (value !== undefined && !isNoNumber(value))
    fields.push(fieldOf(name, value, other instanceof Uint8Array ? undefined : unit));
  if (sum !== undefined && !isNoNumber(sum)) fields.push(fieldOf(`${name}.sum`, sum, unit && sumUnit(unit)));
  return fields;
}

function fieldOf(name: string, value: FieldValue, unit: string | undefined): Field {
  return unit === undefined || unit === '' ? { name, value } : { name, value, unit };
}

/** CBOR has them. */
function isNoNumber(value: FieldValue): boolean {
  return typeof value === 'number' && !Number.isFinite(value);
}

/** Decimals add up to a decimal: 0.1 and 0.2 are 0.3. */
function added(base: number | undefined, value: number): number;
function added(base: number | undefined, value: number | bigint): number | bigint;
function added(base: number | undefined, value: number | bigint): number | bigint {
  if (base === undefined) return value;
  const sum = base + Number(value);
  return Number.isSafeInteger(sum) ? sum : Number(sum.toPrecision(15));
}

/** A sum is over time: its unit is the value's times a second (RFC 8428 § 4.2). */
function sumUnit(unit: string): string {
  if (unit === 'W') return 'J';
  return unit.endsWith('/s') && unit !== '1/s' ? unit.slice(0, -2) : `${unit}.s`;
}

const absoluteFrom = 2 ** 28;

/** Microseconds since 1970; undefined: now. NaN: none, as with milliseconds in place of seconds. */
function instantOf(seconds: number, receivedAtMs: UnixMs): number | undefined {
  if (seconds === 0) return undefined;
  const micros = Math.round(seconds * 1e6) + (seconds < absoluteFrom ? receivedAtMs * 1000 : 0);
  return Number.isSafeInteger(micros) ? micros : Number.NaN;
}

function timeOf(micros: number): Pick<Part, 'timeMs' | 'timeNanos'> {
  const timeMs = Math.floor(micros / 1000);
  const timeNanos = (micros - timeMs * 1000) * 1000;
  return timeNanos === 0 ? { timeMs } : { timeMs, timeNanos };
}
