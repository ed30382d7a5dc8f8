import { isObject, numberIn, own } from '../../json.ts';
import { type Expression, parseTemplate } from './template-parser.ts';

/** What a template gets: the payload as text, and its JSON value, undefined when it is none. */
export interface TemplateInput {
  readonly value: string;
  readonly json: unknown;
}

export interface Template {
  /** The value that stands for the state; undefined: the payload says nothing about it. */
  readonly read: (input: TemplateInput) => unknown;
  /** The way to the value in the JSON payload when the template is nothing else; empty for the payload itself. */
  readonly path: readonly string[] | undefined;
  /** The value is in the result as it was in the payload, but for a factor. */
  readonly isLossless: boolean;
}

/** What holds without a template. */
export const wholePayload: Template = { read: ({ value }) => value, path: [], isLossless: true };

/**
 * The part of Jinja that device makers use to say where a value stands, evaluated by ourselves: `value`, `value_json.a['b'][0]`,
 * the filters float, int, round, abs, default, is_defined, lower, upper, trim and bool, arithmetic, comparisons, `in`, `and`,
 * `or`, `not`, `x if y else z`, a table's value by its key, and `{% if %}…{% endif %}` around a single value.
 * @returns undefined for anything else
 */
export function compileTemplate(text: string): Template | undefined {
  const expression = parseTemplate(text);
  if (expression === undefined) return undefined;
  const path = pathOf(expression);
  return { read: (input) => evaluate(expression, input), path, isLossless: isLossless(expression) };
}

function pathOf(node: Expression): string[] | undefined {
  switch (node.type) {
    case 'value':
    case 'json':
      return [];
    case 'member': {
      const path = pathOf(node.of);
      return path === undefined || rootOf(node.of) !== 'json' ? undefined : [...path, String(node.key)];
    }
    case 'filter':
      // These change nothing about where the value stands, nor by how much it is scaled.
      return transparent.has(node.name) ? pathOf(node.of) : undefined;
    case 'choice':
      // `x if x is defined else 0` stands where x does.
      return node.condition.type === 'defined' && node.condition.isDefined ? pathOf(node.value) : undefined;
    default:
      return undefined;
  }
}

function rootOf(node: Expression): 'json' | 'other' {
  if (node.type === 'member' || node.type === 'filter') return rootOf(node.of);
  return node.type === 'json' ? 'json' : 'other';
}

const transparent = new Set(['float', 'int', 'round', 'is_defined', 'default', 'd', 'trim']);
const lossy = new Set(['int', 'round', 'abs', 'bool', 'lower', 'upper', 'trim', 'multiply', 'add', 'format']);

function isLossless(node: Expression): boolean {
  switch (node.type) {
    case 'value':
    case 'json':
    case 'constant':
      return true;
    case 'member':
      return isLossless(node.of);
    case 'filter':
      return !lossy.has(node.name) && isLossless(node.of);
    case 'minus':
      return isLossless(node.of);
    case 'choice':
      return node.condition.type === 'defined' && isLossless(node.value);
    case 'binary':
      return scaling.has(node.operator) && isLossless(node.left) && isLossless(node.right);
    default:
      return false;
  }
}

const scaling = new Set(['+', '-', '*', '/']);

function evaluate(node: Expression, input: TemplateInput): unknown {
  switch (node.type) {
    case 'value':
      return input.value;
    case 'json':
      return input.json;
    case 'constant':
      return node.value;
    case 'member':
      return memberOf(evaluate(node.of, input), node.key);
    case 'filter':
      return filtered(node.name, evaluate(node.of, input), node.argument && evaluate(node.argument, input));
    case 'minus': {
      const value = evaluate(node.of, input);
      return typeof value === 'number' ? -value : undefined;
    }
    case 'not':
      return !isTrue(evaluate(node.of, input));
    case 'lookup': {
      const found = node.table.get(evaluate(node.key, input) as string);
      return found && evaluate(found, input);
    }
    case 'in': {
      const value = evaluate(node.of, input);
      return node.list.some((one) => evaluate(one, input) === value) === node.isIn;
    }
    case 'defined':
      return (evaluate(node.of, input) !== undefined) === node.isDefined;
    case 'binary':
      return calculated(node.operator, node.left, node.right, input);
    case 'choice':
      if (isTrue(evaluate(node.condition, input))) return evaluate(node.value, input);
      return node.otherwise && evaluate(node.otherwise, input);
  }
}

function memberOf(of: unknown, key: string | number): unknown {
  if (Array.isArray(of)) {
    const at = typeof key === 'number' ? key : /^\d{1,6}$/.test(key) ? Number(key) : undefined;
    return at === undefined ? undefined : of[at < 0 ? of.length + at : at];
  }
  return isObject(of) ? own(of, String(key)) : undefined;
}

function filtered(name: string, value: unknown, argument: unknown): unknown {
  switch (name) {
    case 'float':
    case 'int': {
      const number = numberOf(value);
      if (number === undefined) return argument;
      return name === 'int' && typeof number === 'number' ? Math.trunc(number) : number;
    }
    case 'round': {
      const number = numberOf(value);
      return typeof number === 'number' ? rounded(number, typeof argument === 'number' ? argument : 0) : number;
    }
    case 'multiply':
    case 'add': {
      const number = numberOf(value);
      if (typeof number !== 'number' || typeof argument !== 'number') return undefined;
      return finite(name === 'add' ? number + argument : number * argument);
    }
    case 'format': {
      // '%.1f' | format(value): the number, with so many digits.
      const digits = typeof value === 'string' ? /^%0?\.(\d)f$/.exec(value)?.[1] : undefined;
      const number = numberOf(argument);
      return digits === undefined || typeof number !== 'number' ? undefined : rounded(number, Number(digits));
    }
    case 'string':
      return asText(value);
    case 'abs':
      return typeof value === 'number' ? Math.abs(value) : undefined;
    case 'default':
    case 'd':
      return value === undefined ? (argument ?? '') : value;
    case 'lower':
      return asText(value)?.toLowerCase();
    case 'upper':
      return asText(value)?.toUpperCase();
    case 'trim':
      return typeof value === 'string' ? value.trim() : value;
    case 'bool':
      return typeof value === 'string' ? /^(?:true|yes|on|enable|1)$/i.test(value) : isTrue(value);
    default: // is_defined
      return value;
  }
}

function rounded(value: number, digits: number): number {
  if (digits < -15 || digits > 15) return value;
  // Through the text, as 1.005 * 100 is less than 100.5.
  const shifted = Math.round(Number(`${value}e${Math.trunc(digits)}`));
  return Number.isFinite(shifted) ? Number(`${shifted}e${-Math.trunc(digits)}`) : value;
}

function numberOf(value: unknown): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'string' ? numberIn(value) : undefined;
}

function calculated(operator: string, left: Expression, right: Expression, input: TemplateInput): unknown {
  const a = evaluate(left, input);
  if (operator === 'and') return isTrue(a) ? evaluate(right, input) : a;
  if (operator === 'or') return isTrue(a) ? a : evaluate(right, input);
  const b = evaluate(right, input);
  switch (operator) {
    case '==':
      return a === b || (a === undefined && b === null);
    case '!=':
      return a !== b;
    default:
      return typeof a === 'number' && typeof b === 'number' ? ofNumbers(operator, a, b) : ofTexts(operator, a, b);
  }
}

function ofNumbers(operator: string, a: number, b: number): number | boolean | undefined {
  switch (operator) {
    case '+':
      return finite(a + b);
    case '-':
      return finite(a - b);
    case '*':
      return finite(a * b);
    case '/':
      return finite(a / b);
    case '//':
      return finite(Math.floor(a / b));
    case '%':
      return finite(a - b * Math.floor(a / b));
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default: // >=
      return a >= b;
  }
}

const maxText = 1000;

function ofTexts(operator: string, a: unknown, b: unknown): string | undefined {
  if (operator !== '+' || typeof a !== 'string' || typeof b !== 'string') return undefined;
  return a.length + b.length > maxText ? undefined : a + b;
}

/** 0.1 + 0.2 and 215 * 0.1 as people write the result: what a double adds behind the 15th digit is no measured value. */
function finite(value: number): number | undefined {
  return Number.isFinite(value) ? Number(value.toPrecision(15)) : undefined;
}

function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** As Jinja writes a value, which is how Python does: `True`, `None`. */
export function asText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
    case 'bigint':
      return String(value);
    default:
      return value === null ? 'None' : undefined;
  }
}
