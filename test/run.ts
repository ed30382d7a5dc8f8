// npm test: installs or names the system programs that tests need, then runs every test.
//   npm test -- test/buffer          only that folder, file or glob
//   npm test -- --test-name-pattern=QoS   any option of `node --test`
import { spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { join } from 'node:path';
import { ensureSystemPrograms, searchPath } from './system-programs.ts';

const root = join(import.meta.dirname, '..');

/** Longer than any test takes by far; a test that hangs is reported as such and not left to the CI's own limit. */
const defaults = [
  // One more than there are cores: most tests wait for other programs most of the time.
  `--test-concurrency=${availableParallelism() + 1}`,
  '--test-timeout=300000',
  ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
  ...['--test-reporter=./test/skip-reporter.ts', '--test-reporter-destination=stderr'],
];

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function globOf(argument: string): string {
  return statSync(join(root, argument), { throwIfNoEntry: false })?.isDirectory()
    ? `${argument}/**/*.test.ts`
    : argument;
}

const problem = ensureSystemPrograms(say);
if (problem !== undefined) {
  say(problem);
  process.exit(1);
}
// As the browser tests need it; a moment when it is there already.
const built = spawnSync(process.execPath, [join(root, 'deploy/build-dashboard.ts')], { stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith('-'));
const globs = given.filter((argument) => !argument.startsWith('-')).map(globOf);
const child = spawn(
  process.execPath,
  ['--test', ...defaults, ...options, ...(globs.length > 0 ? globs : ['test/**/*.test.ts'])],
  { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: searchPath() } },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)));
