/** At once in the chart of a device. */
export const maxCharted = 4;

/** One field's series among the device's. */
export function fieldKey(field: string, tags = ''): string {
  return tags === '' ? field : `${field}{${tags}}`;
}

/** What is shown as long as nobody has chosen: a number with a unit, else a number, else what can be drawn. */
export function firstField(
  fields: readonly { readonly name: string; readonly tags?: string; readonly value: unknown; readonly unit: unknown }[],
): string[] {
  const drawn = fields.filter(({ value }) => ['number', 'boolean', 'string'].includes(typeof value));
  const numbers = drawn.filter(({ value }) => typeof value === 'number');
  const first = numbers.find(({ unit }) => unit !== null) ?? numbers[0] ?? drawn[0];
  return first === undefined ? [] : [fieldKey(first.name, first.tags)];
}
