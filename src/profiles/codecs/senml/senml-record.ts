/** A SenML record as it came, by RFC 8428's labels. Absent labels are undefined. */
export interface SenmlRecord {
  bn?: string;
  bt?: number;
  bu?: string;
  bv?: number;
  bs?: number;
  bver?: number;
  n?: string;
  u?: string;
  v?: number | bigint;
  vs?: string;
  vb?: boolean;
  vd?: Uint8Array;
  s?: number;
  t?: number;
  ut?: number;
  /** It has a label that is not known, and may be ignored. */
  hasMore?: true;
}

type Label = Exclude<keyof SenmlRecord, 'hasMore'>;
type Kind = 'text' | 'number' | 'value' | 'boolean' | 'data';

const kinds: ReadonlyMap<Label, Kind> = new Map([
  ['bn', 'text'],
  ['bt', 'number'],
  ['bu', 'text'],
  ['bv', 'number'],
  ['bs', 'number'],
  ['bver', 'number'],
  ['n', 'text'],
  ['u', 'text'],
  ['v', 'value'],
  ['vs', 'text'],
  ['vb', 'boolean'],
  ['vd', 'data'],
  ['s', 'number'],
  ['t', 'number'],
  ['ut', 'number'],
]);

/** RFC 8428, table 4: what CBOR has instead of the labels of table 1. */
const cborLabels: ReadonlyMap<unknown, Label> = new Map<unknown, Label>([
  [-1, 'bver'],
  [-2, 'bn'],
  [-3, 'bt'],
  [-4, 'bu'],
  [-5, 'bv'],
  [-6, 'bs'],
  [0, 'n'],
  [1, 'u'],
  [2, 'v'],
  [3, 'vs'],
  [4, 'vb'],
  [5, 's'],
  [6, 't'],
  [7, 'ut'],
  [8, 'vd'],
]);

const words: Readonly<Record<Kind, string>> = {
  text: 'a text',
  number: 'a number',
  value: 'a number',
  boolean: 'true or false',
  data: 'data',
};

/** The record of a JSON object; a sentence when a label has a value of another type, or one that has to be understood is not. */
export function jsonRecord(object: { readonly [key: string]: unknown }): SenmlRecord | string {
  const record: SenmlRecord = {};
  for (const label in object) {
    const problem = put(record, label, object[label], label === 'vd' ? dataOf : sameValue);
    if (problem !== undefined) return problem;
  }
  return record;
}

/** The same of a CBOR map. Labels of extensions are texts in CBOR, too. */
export function cborRecord(map: ReadonlyMap<unknown, unknown>): SenmlRecord | string {
  const record: SenmlRecord = {};
  for (const [key, value] of map) {
    const problem = put(record, cborLabels.get(key) ?? key, value, sameValue);
    if (problem !== undefined) return problem;
  }
  return record;
}

function put(
  record: SenmlRecord,
  label: unknown,
  value: unknown,
  read: (value: unknown) => unknown,
): string | undefined {
  const kind = kinds.get(label as Label);
  if (kind === undefined) {
    if (typeof label === 'string' && label.endsWith('_')) {
      return `has the label ${JSON.stringify(label.slice(0, 60))}, which has to be understood and is not`;
    }
    record.hasMore = true;
    return undefined;
  }
  const held = read(value);
  if (!isOf(kind, held)) return `has a ${label} that is not ${words[kind]}`;
  (record as Record<Label, unknown>)[label as Label] = kind === 'number' ? Number(held) : held;
  return undefined;
}

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'data':
      return value instanceof Uint8Array;
    default:
      return typeof value === 'number' || typeof value === 'bigint';
  }
}

const sameValue = (value: unknown): unknown => value;

/** JSON has data as base64 in its alphabet for URLs; the other alphabet is what many send. */
function dataOf(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[\w+/-]*={0,2}$/.test(value)) return undefined;
  return Uint8Array.from(Buffer.from(value, 'base64url'));
}
