import type { FieldValue } from '../../core/measurement.ts';
import { signedNumberLike } from '../json.ts';

type Scalar = boolean | number | string;

/** How a value becomes a field's value. */
export interface ValueRule {
  readonly type?: string | undefined;
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  readonly range?: readonly number[] | undefined;
  readonly except?: readonly Scalar[] | undefined;
  readonly words?: ReadonlyMap<string, Scalar> | undefined;
}

/** What became of a value. `absent`: it means that there is none. `unfit`: it can't be what it should be. */
export type Outcome = FieldValue | typeof absent | typeof unfit;
export const absent = Symbol('absent');
export const unfit = Symbol('unfit');

/** The number that a text is where it is known to be one: leading zeros only fill it up. */
function plainNumberIn(text: string): number | bigint | undefined {
  return signedNumberLike(text.trim().replace(/^([+-]?)0+(?=\d)/, '$1'));
}

/** Splits `19.7C` into number and what stands behind it; undefined when it does not begin with a number. */
export function splitSuffix(text: string): { readonly number: number | bigint; readonly suffix: string } | undefined {
  const found = /^\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(.*)$/.exec(text.slice(0, 80));
  const number = found === null ? undefined : plainNumberIn(found[1]!);
  return number === undefined ? undefined : { number, suffix: found![2]!.trim() };
}

/** Applies a rule. Pure; never throws. */
export function applyRule(value: FieldValue, rule: ValueRule): Outcome {
  if (rule.except !== undefined && isExcepted(value, rule.except)) return absent;
  let result: FieldValue = value;
  if (rule.words !== undefined && !(value instanceof Uint8Array)) {
    const word = rule.words.get(String(value));
    if (word !== undefined) result = word;
  }
  if (rule.type !== undefined) {
    const typed = asType(result, rule.type);
    if (typed === unfit || typed === absent) return typed;
    result = typed;
  }
  if (typeof result !== 'number' && typeof result !== 'bigint') return result;
  if (rule.scale !== undefined || rule.offset !== undefined) result = scaled(Number(result), rule.scale, rule.offset);
  if (rule.range !== undefined && (Number(result) < rule.range[0]! || Number(result) > rule.range[1]!)) return unfit;
  return result;
}

function isExcepted(value: FieldValue, except: readonly Scalar[]): boolean {
  for (const one of except) {
    if (one === value) return true;
    // In a payload of text a number is text as well: -999 is also "-999.0".
    if (typeof one === 'number' && typeof value === 'string' && signedNumberLike(value) === one) return true;
  }
  return false;
}

function asType(value: FieldValue, type: string): Outcome {
  switch (type) {
    case 'number':
    case 'integer': {
      const number =
        typeof value === 'string' ? plainNumberIn(value) : typeof value === 'boolean' ? Number(value) : value;
      if (typeof value === 'string' && isNothing(value)) return absent;
      if (typeof number !== 'number' && typeof number !== 'bigint') return unfit;
      return type === 'integer' && typeof number === 'number' && !Number.isInteger(number) ? unfit : number;
    }
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (value === 1 || value === 0) return value === 1;
      return typeof value === 'string' ? (truths.get(value.trim().toLowerCase()) ?? unfit) : unfit;
    case 'text':
      return value instanceof Uint8Array ? unfit : String(value);
    default:
      // How a binary message writes it: that is done.
      return value;
  }
}

/** What stands where a number would, when there is none. */
function isNothing(text: string): boolean {
  return /^\s*(?:|nan|null|none|n\/?a|unknown|unavailable|-+)\s*$/i.test(text.slice(0, 40));
}

/** Words for yes and no. */
export const truths: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['off', false],
  ['true', true],
  ['false', false],
  ['yes', true],
  ['no', false],
  ['1', true],
  ['0', false],
]);

/** `value * scale + offset`, without the dust that binary fractions leave: 253 × 0.1 is 25.3. */
export function scaled(value: number, scale = 1, offset = 0): number {
  const inverse = Math.round(1 / scale);
  // A division by ten is rounded once, a multiplication by the double nearest to a tenth twice.
  const isDecimal = inverse > 1 && scale === 1 / inverse;
  const product = isDecimal ? value / inverse : value * scale;
  if (offset === 0) return isDecimal ? product : Number(product.toPrecision(15));
  // The dust is as fine as the larger of the two: 30187 × 0.1 - 3000 is 18.7.
  const digits = Math.ceil(Math.log10(Math.max(Math.abs(product), Math.abs(offset))));
  return Number((product + offset).toFixed(Math.min(Math.max(15 - digits, 0), 100)));
}
