import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorsTable, withPart } from './errors-table.ts';
import { openApiDocument } from './openapi/document.ts';

// npm run generate: writes the table of errors into its document, and the OpenAPI document. Tests compare them with their sources.

const path = join(import.meta.dirname, 'README.md');
writeFileSync(path, withPart(readFileSync(path, 'utf8'), 'errors', errorsTable()));
const document = openApiDocument('1');
writeFileSync(join(import.meta.dirname, 'openapi.json'), `${JSON.stringify(document, undefined, 2)}\n`);
