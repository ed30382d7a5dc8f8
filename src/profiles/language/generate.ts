import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SchemaNode } from '../../lib/settings/schema-node.ts';
import { editorSchema } from './editor-schema.ts';
import { profileOptions } from './options.ts';

// npm run generate: writes the profile language as JSON Schema, for the loader and for editors, and then the profiles under
// devices/ as JSON. Tests compare them.

const root = join(import.meta.dirname, '../../..');
const write = (path: string, value: unknown, indent?: number): void =>
  writeFileSync(join(root, path), `${JSON.stringify(value, undefined, indent)}\n`);
write('src/profiles/language/schema.json', profileOptions, 2);
write('devices/profile.schema.json', editorSchema(profileOptions as unknown as SchemaNode), 2);
// Only now, because the loader reads the schema that was just written.
const { readProfiles } = await import('../directory.ts');
const { profiles, errors } = readProfiles(join(root, 'devices'), 'devices');
for (const line of errors) process.stderr.write(`${line}\n`);
if (errors.length > 0) process.exit(1);
const lines = [...profiles].map(([name, { options }]) => {
  const { examples: _, ...rest } = options;
  return `${JSON.stringify(name)}:${JSON.stringify(rest)}`;
});
// A line for each, so that a change of one shows as that.
writeFileSync(join(root, 'src/profiles/built-in.json'), `{\n${lines.join(',\n')}\n}\n`);
