import { parseJson } from '../json.ts';
import type { CommandOptions } from '../language/command-options.ts';

type Scalar = boolean | number | string;

/** What is asked for: the value, and the parts that it has when it is a JSON object. */
export interface CommandValue {
  readonly value: Scalar;
  readonly parts: ReadonlyMap<string, Scalar>;
}

/** What a payload asks for: JSON, or text. @param text without blanks around it */
export function commandValue(text: string): CommandValue {
  const parsed = parseJson(text);
  const parts = new Map<string, Scalar>();
  if (parsed === undefined || parsed === null || typeof parsed !== 'object') {
    return { value: typeof parsed === 'bigint' || parsed == null ? text : (parsed as Scalar), parts };
  }
  if (!Array.isArray(parsed)) {
    for (const [key, part] of Object.entries(parsed)) {
      if (typeof part === 'boolean' || typeof part === 'number' || typeof part === 'string') parts.set(key, part);
    }
  }
  return { value: text, parts };
}

/** Why a profile does not allow a value, as the rest of a sentence. */
export function valueFault({ values, range }: Pick<CommandOptions, 'values' | 'range'>, value: Scalar) {
  if (values !== undefined && !values.some((one) => String(one) === String(value)))
    return `its value is ${shown(value)}, but must be ${values.map(String).join(', ')}`;
  return range === undefined ? undefined : rangeFault(value, range);
}

export function rangeFault(value: Scalar, [from, to]: readonly number[]): string | undefined {
  const number = typeof value === 'number' ? value : Number.NaN;
  return number >= from! && number <= to!
    ? undefined
    : `its value is ${shown(value)}, but must be a number from ${from} to ${to}`;
}

/** The word that a profile has for a value, else the value. */
export function wordFor(words: CommandOptions['words'], value: Scalar): Scalar {
  // The value comes from outside: `constructor` is none of the words.
  return words !== undefined && Object.hasOwn(words, String(value)) ? words[String(value)]! : value;
}

/** A value within a sentence. */
export function shown(value: unknown): string {
  const text = JSON.stringify(String(value));
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
