import type { SchemaNode } from '../lib/settings/schema-node.ts';

/** What stands for a secret. */
export const redacted = '***';

/** A configuration as it may be shown to anyone: what the schema marks as `secret` is replaced by `***`. */
export function describeConfig(node: SchemaNode, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (node.secret) return redacted;
  if (node.properties || node.additionalProperties) {
    const others = node.additionalProperties || { secret: true };
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, describeConfig(node.properties?.[key] ?? others, child)]),
    );
  }
  if (node.items && Array.isArray(value))
    return value.map((item) => describeConfig(node.items ?? { secret: true }, item));
  return value;
}
