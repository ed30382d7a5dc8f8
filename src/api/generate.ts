import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorsTable, withPart } from './errors-table.ts';

// npm run generate: writes the table of errors into the document. A test compares the two.

const path = join(import.meta.dirname, 'README.md');
writeFileSync(path, withPart(readFileSync(path, 'utf8'), 'errors', errorsTable()));
