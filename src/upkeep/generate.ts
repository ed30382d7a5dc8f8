import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { librariesIn } from './libraries.ts';

// Writes the list of the packages that Headgate consists of beside its own code.
const lock = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
writeFileSync(join(import.meta.dirname, 'libraries.json'), `${JSON.stringify(librariesIn(lock), undefined, 2)}\n`);
