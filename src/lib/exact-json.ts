// JSON whose whole numbers keep every digit: those that a double would round are bigints.

/** JSON.rawJSON is in Node.js 22 and later, and not yet in TypeScript's library of ES2024. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

/** A bigint, for JSON.stringify, which knows none: its digits. */
export function digitsOf(value: bigint): unknown {
  return rawJson(String(value));
}

/** JSON.stringify for what {@link parseExact} gives. */
export function stringifyExact(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? digitsOf(one) : one), indent);
}

/** @throws {SyntaxError} when it is no JSON */
export function parseExact(text: string): unknown {
  return JSON.parse(text, keepExact);
}

function keepExact(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}
