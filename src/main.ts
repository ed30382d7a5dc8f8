#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// First of all, so that whatever is loaded from here on is compiled once per version and not once per start; by the
// variable also in processes that this one starts.
const { directory } = enableCompileCache();
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
// A reader that has seen enough (`… | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const { main } = await import('./cli/main.ts');
const code = await main(process.argv.slice(2));
// What waits in a pipe would be cut off.
for (const stream of [process.stdout, process.stderr]) await new Promise((done) => stream.write('', done));
// Whoever returns is done: a handle that a library forgot must not keep a stopped gateway alive.
process.exit(code);
