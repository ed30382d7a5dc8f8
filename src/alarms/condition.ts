import type { FieldValue } from '../core/measurement.ts';

/** What of a value is wrong. */
export type Condition =
  /** A number beyond a limit; it is well again once it is `hysteresis` on the other side of it. */
  | { readonly comparator: 'above' | 'below'; readonly value: number; readonly hysteresis: number }
  /** A number outside of a range, its ends included. */
  | { readonly comparator: 'outside'; readonly low: number; readonly high: number; readonly hysteresis: number }
  /** It is this, or is anything but this. */
  | { readonly comparator: 'equal' | 'notEqual'; readonly value: number | boolean | string };

export const comparators = ['above', 'below', 'outside', 'equal', 'notEqual'] as const;
export type Comparator = Condition['comparator'];

/** What a value is by a condition. `unusable`: it can't be compared, as it is no number, or not of the kind that is compared with. */
export type Judgement = 'violating' | 'between' | 'normal' | 'unusable';

/** A value by a condition. No text is read as a number: what a device says as `"NaN"` or `"12"` is a text. */
export function judge(condition: Condition, value: FieldValue): Judgement {
  switch (condition.comparator) {
    case 'above':
    case 'below':
    case 'outside': {
      const number = numberOf(value);
      return number === undefined ? 'unusable' : judgeNumber(condition, number);
    }
    case 'equal':
    case 'notEqual': {
      const wanted = condition.value;
      const given = typeof wanted === 'number' ? numberOf(value) : value;
      if (typeof given !== typeof wanted) return 'unusable';
      return (given === wanted) === (condition.comparator === 'equal') ? 'violating' : 'normal';
    }
  }
}

function judgeNumber(condition: Exclude<Condition, { comparator: 'equal' | 'notEqual' }>, number: number): Judgement {
  const { hysteresis } = condition;
  switch (condition.comparator) {
    case 'above':
      if (number > condition.value) return 'violating';
      return number <= condition.value - hysteresis ? 'normal' : 'between';
    case 'below':
      if (number < condition.value) return 'violating';
      return number >= condition.value + hysteresis ? 'normal' : 'between';
    case 'outside':
      if (number < condition.low || number > condition.high) return 'violating';
      return number >= condition.low + hysteresis && number <= condition.high - hysteresis ? 'normal' : 'between';
  }
}

/** True is 1, as charts have it; undefined: it is no number, or none that can be compared. */
function numberOf(value: FieldValue): number | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isNaN(value) ? undefined : value;
    case 'bigint':
    case 'boolean':
      return Number(value);
    default:
      return undefined;
  }
}

/** What it warns of: `above 8`, `outside 2 to 8`, `"open"`. */
export function conditionText(condition: Condition): string {
  switch (condition.comparator) {
    case 'above':
    case 'below':
      return `${condition.comparator} ${condition.value}`;
    case 'outside':
      return `outside ${condition.low} to ${condition.high}`;
    case 'equal':
      return `equal to ${JSON.stringify(condition.value)}`;
    case 'notEqual':
      return `not ${JSON.stringify(condition.value)}`;
  }
}
