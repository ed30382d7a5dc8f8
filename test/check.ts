// npm run check: types, lint and format, protos, architecture, side by side; one line each, and output of what failed.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');

const checks: readonly { name: string; command: string; args: readonly string[] }[] = [
  { name: 'types', command: join(bin, 'tsc'), args: ['--noEmit'] },
  { name: 'dashboard types', command: join(bin, 'tsc'), args: ['--noEmit', '-p', 'src/dashboard'] },
  {
    name: 'lint and format',
    command: join(bin, 'biome'),
    args: ['check', '--error-on-warnings', '--max-diagnostics=20', '.'],
  },
  { name: 'protos', command: join(bin, 'buf'), args: ['lint'] },
  // What a release said on the wire, this one understands: see test/wire/released.
  ...readdirSync(join(root, 'test/wire/released')).map((release) => ({
    name: `protos, ${release}`,
    command: join(bin, 'buf'),
    args: ['breaking', '--against', join('test/wire/released', release)],
  })),
  {
    name: 'architecture',
    command: process.execPath,
    args: ['--test', '--test-reporter=spec', 'test/architecture.test.ts'],
  },
];

interface Outcome {
  readonly isRight: boolean;
  readonly output: string;
}

function run(command: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ isRight: false, output: `${output}${error.message}\n` }));
    child.on('close', (code) => resolve({ isRight: code === 0, output }));
  });
}

const outcomes = await Promise.all(
  checks.map(async ({ name, command, args }) => {
    const started = performance.now();
    const outcome = await run(command, args);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${outcome.isRight ? '✔' : '✖'} ${name.padEnd(16)}${seconds.padStart(5)} s\n`);
    return { name, ...outcome };
  }),
);
const failed = outcomes.filter(({ isRight }) => !isRight);
for (const { name, output } of failed) process.stdout.write(`\n── ${name} ──\n${output.trimEnd()}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
