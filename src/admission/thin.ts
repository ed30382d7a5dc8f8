import type { Field, FieldValue } from '../core/measurement.ts';
import type { MonotonicMs } from '../core/time.ts';
import type { Thin } from './rules.ts';

/**
 * What is remembered of the last record kept, by device, topic and tags. For `every`, when the next one is due; for `deadband`,
 * the value of each of its fields, undefined where the record had none; for `onChange`, the record's fields.
 */
export type Kept =
  | { readonly kind: 'every'; readonly dueMs: MonotonicMs }
  | { readonly kind: 'deadband'; readonly values: readonly (FieldValue | undefined)[] }
  | { readonly kind: 'onChange'; readonly fields: readonly Field[] };

/**
 * Thins one record: gives what is to be remembered of it when it is kept, `thinned` when it is to be left out, and
 * `beside` when it is kept and is none of the rule's business, so that what is remembered stays. Pure.
 *
 * - `every`: time is cut into intervals from the first record on; of each interval the first record is kept.
 * - `deadband`: a record is kept when one of the named fields has moved by its band or more since the last one kept, has
 *   come or gone, or is no number and differs. What other fields do does not matter. A record with none of the named
 *   fields is kept beside.
 * - `onChange`: a record is kept when a field has another value or unit, has come or gone. The order does not matter.
 *
 * What could not be decoded has no fields: only `every` thins it.
 *
 * @param kept what is remembered of the last record kept of the same device and topic
 */
export function thin(
  rule: Thin,
  kept: Kept | undefined,
  fields: readonly Field[],
  nowMs: MonotonicMs,
): Kept | 'thinned' | 'beside' {
  switch (rule.kind) {
    case 'every':
      return thinByTime(rule.everyMs, kept?.kind === 'every' ? kept.dueMs : undefined, nowMs);
    case 'deadband':
      return thinByBands(rule.bands, kept?.kind === 'deadband' ? kept.values : undefined, fields);
    case 'onChange':
      if (fields.length === 0) return 'beside';
      if (kept?.kind === 'onChange' && areSame(kept.fields, fields)) return 'thinned';
      return { kind: 'onChange', fields: fields.map(ownField) };
  }
}

function thinByTime(everyMs: number, dueMs: number | undefined, nowMs: number): Kept | 'thinned' {
  if (dueMs === undefined) return { kind: 'every', dueMs: nowMs + everyMs };
  if (nowMs < dueMs) return 'thinned';
  // The intervals stay where they are, or a sensor of 7 s under `every: 10s` would come through every 14 s.
  return { kind: 'every', dueMs: dueMs + (Math.floor((nowMs - dueMs) / everyMs) + 1) * everyMs };
}

function thinByBands(
  bands: readonly (readonly [field: string, band: number])[],
  values: readonly (FieldValue | undefined)[] | undefined,
  fields: readonly Field[],
): Kept | 'thinned' | 'beside' {
  let hasAny = false;
  let hasMoved = values === undefined;
  for (let i = 0; i < bands.length; i++) {
    const [name, band] = bands[i]!;
    const value = fieldValue(fields, name);
    if (value !== undefined) hasAny = true;
    if (values !== undefined && !hasMoved) hasMoved = isMove(values[i], value, band);
  }
  if (!hasAny) return 'beside';
  if (!hasMoved) return 'thinned';
  return { kind: 'deadband', values: bands.map(([name]) => ownValue(fieldValue(fields, name))) };
}

function fieldValue(fields: readonly Field[], name: string): FieldValue | undefined {
  for (let i = 0; i < fields.length; i++) if (fields[i]!.name === name) return fields[i]!.value;
  return undefined;
}

function isMove(before: FieldValue | undefined, now: FieldValue | undefined, band: number): boolean {
  if (before === undefined || now === undefined) return before !== now;
  // Large whole numbers are compared as what they are: two that a double can't tell apart may still be a band apart.
  if (typeof before === 'bigint' && typeof now === 'bigint') return Number(magnitude(now - before)) >= band;
  if (isNumeric(before) && isNumeric(now)) {
    const distance = Math.abs(Number(now) - Number(before));
    // NaN and infinities have no distance.
    return Number.isNaN(distance) ? !Object.is(Number(now), Number(before)) : distance >= band;
  }
  return !isSame(before, now);
}

function isNumeric(value: FieldValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function areSame(before: readonly Field[], now: readonly Field[]): boolean {
  if (before.length !== now.length) return false;
  for (let i = 0; i < now.length; i++) {
    if (before[i]!.name !== now[i]!.name) return areSameInAnyOrder(before, now);
    if (!isSameField(before[i]!, now[i]!)) return false;
  }
  return true;
}

function areSameInAnyOrder(before: readonly Field[], now: readonly Field[]): boolean {
  const byName = new Map(before.map((field) => [field.name, field]));
  // With a name that stands twice it is not clear what belongs together, and what is not clear is kept.
  if (byName.size !== now.length || new Set(now.map(({ name }) => name)).size !== now.length) return false;
  return now.every((field) => {
    const other = byName.get(field.name);
    return other !== undefined && isSameField(other, field);
  });
}

function isSameField(a: Field, b: Field): boolean {
  return isSame(a.value, b.value) && a.unit === b.unit;
}

function isSame(a: FieldValue, b: FieldValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** Bytes may be a view of the payload, which is its source's to use again. */
function ownValue<V extends FieldValue | undefined>(value: V): V {
  return value instanceof Uint8Array ? (Uint8Array.from(value) as V) : value;
}

function ownField(field: Field): Field {
  return field.value instanceof Uint8Array ? { ...field, value: ownValue(field.value) } : field;
}

/** About how many bytes of memory it takes. */
export function sizeOfKept(kept: Kept): number {
  switch (kept.kind) {
    case 'every':
      return 16;
    case 'deadband':
      return kept.values.reduce<number>((sum, value) => sum + sizeOfValue(value), 16);
    case 'onChange':
      return kept.fields.reduce((sum, { name, value }) => sum + 32 + name.length + sizeOfValue(value), 16);
  }
}

function sizeOfValue(value: FieldValue | undefined): number {
  return typeof value === 'string' || value instanceof Uint8Array ? 16 + value.length : 16;
}
