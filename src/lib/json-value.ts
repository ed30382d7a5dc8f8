import type { FieldValue } from '../core/measurement.ts';
import { digitsOf } from './exact-json.ts';

/** A value as JSON has it: whole numbers of any size digit by digit, bytes in base64, what is no number as text. */
export function jsonOf(value: FieldValue): unknown {
  if (typeof value === 'bigint') return digitsOf(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'object' ? Buffer.from(value).toString('base64') : value;
}
