import type { SchemaNode } from '../../lib/settings/schema-node.ts';

/**
 * The profile language as editors understand it: JSON Schema without keywords of our own. What the loader refuses there is
 * marked: unknown keys; and what it allows is not: one item without the brackets of a list.
 */
export function editorSchema(node: SchemaNode): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Headgate device profile',
    ...plain(node),
  };
}

function plain(node: SchemaNode): Record<string, unknown> {
  const { orOne, unit: _, secret: __, properties, additionalProperties, items, anyOf, required, ...rest } = node;
  const result: Record<string, unknown> = { ...rest };
  if (properties !== undefined) {
    result.properties = Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, plain(child)]));
    result.additionalProperties = false;
    // What has a default may be left out.
    const needed = required?.filter((key) => properties[key]?.default === undefined) ?? [];
    if (needed.length > 0) result.required = needed;
  }
  if (additionalProperties) result.additionalProperties = plain(additionalProperties);
  if (anyOf !== undefined) result.anyOf = anyOf.map(plain);
  if (items !== undefined) result.items = plain(items);
  if (!orOne || items === undefined) return result;
  const { description, examples, ...list } = result;
  return { description, ...(examples !== undefined && { examples }), anyOf: [plain(items), list] };
}
