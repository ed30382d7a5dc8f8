import type { SchemaNode } from '../lib/settings/schema-node.ts';
import schema from './schema.json' with { type: 'json' };

/**
 * The configuration's schema as plain JSON Schema, which is how everything reads it. It is written out from schema.ts by
 * `npm run generate`, so that a start does not load the schema builder: that took 0.1 s and 20 MB.
 */
export const configNode = schema as SchemaNode;
