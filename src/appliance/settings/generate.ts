import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsOptions } from './options.ts';

// npm run generate: writes the schema as plain JSON, so that a start does not load what it is built with. A test compares the two.

writeFileSync(join(import.meta.dirname, 'schema.json'), `${JSON.stringify(settingsOptions, undefined, 2)}\n`);
