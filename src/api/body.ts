const maxText = 2_000;

type Texts<Needed extends string, Other extends string> = { readonly [K in Needed]: string } & {
  readonly [K in Other]?: string;
};

/** The texts in a JSON body. @returns a sentence when it is not an object of these, and of nothing else */
export function textsIn<const Needed extends string, const Other extends string = never>(
  body: unknown,
  needed: readonly Needed[],
  others: readonly Other[] = [],
): Texts<Needed, Other> | string {
  const found = objectIn(body, [...needed, ...others]);
  if (typeof found === 'string') return found;
  const wrong = Object.keys(found).find((name) => !isText(found[name]));
  if (wrong !== undefined) return `\`${wrong}\` must be a text of 1 to ${maxText} characters.`;
  const missing = needed.find((name) => found[name] === undefined);
  return missing === undefined ? (found as Texts<Needed, Other>) : `\`${missing}\` is missing.`;
}

/** A JSON body that is an object with these keys and no others. @returns a sentence when it is not */
export function objectIn(body: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'The body must be a JSON object.';
  const stray = Object.keys(body).find((name) => !names.includes(name));
  if (stray !== undefined) return `There is no \`${stray.slice(0, 40)}\`; there are ${names.join(', ')}.`;
  return body as Readonly<Record<string, unknown>>;
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxText;
}
