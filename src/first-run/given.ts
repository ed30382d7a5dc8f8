import { HeadgateError } from '../core/errors.ts';

// What a request's body holds, key by key. Each throws `request.invalid` with a sentence that names the key.

/** The members of an object that has no others than these. */
export function fieldsOf(body: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('It must be a JSON object.');
  const stray = Object.keys(body).find((name) => !names.includes(name));
  if (stray !== undefined) throw invalid(`There is no \`${stray.slice(0, 40)}\`; there are ${names.join(', ')}.`);
  return body as Readonly<Record<string, unknown>>;
}

export function oneOf<const T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw invalid(`\`${name}\` must be one of ${allowed.join(', ')}.`);
  return found;
}

/** A text in one line, without space around it. */
export function plainText(name: string, value: unknown, maxLength: number): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > maxLength || /\p{Cc}/u.test(value))
    throw invalid(`\`${name}\` must be a text of 1 to ${maxLength} characters in one line.`);
  return value.trim();
}

function invalid(sentence: string): HeadgateError {
  return new HeadgateError('request.invalid', sentence);
}
