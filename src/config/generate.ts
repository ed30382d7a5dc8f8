import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SchemaNode } from '../lib/settings/schema-node.ts';
import { exampleConfig } from './example.ts';
import { configSchema } from './schema.ts';

// npm run generate: writes what follows from the configuration's schema. Tests compare it with the schema.

const root = join(import.meta.dirname, '../..');
writeFileSync(join(root, 'src/config/schema.json'), `${JSON.stringify(configSchema, undefined, 2)}\n`);
writeFileSync(join(root, 'deploy/headgate.example.yaml'), exampleConfig(configSchema as unknown as SchemaNode));
