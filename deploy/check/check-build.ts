import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bytesOf, partitionOf } from './disk-image.ts';
import { record, say } from './results.ts';

// Whether the same commit, built twice of the same Debian, is the same image. Each build fetches Debian anew, in a directory of its own and at
// another time; so what depends on the place, the time or chance shows.

const { values, positionals } = parseArgs({
  options: {
    // Has room for some GiB.
    work: { type: 'string', default: '/var/tmp' },
  },
  allowPositionals: true,
});
const [architecture = ''] = positionals;
if (positionals.length !== 1 || (architecture !== 'amd64' && architecture !== 'arm64')) {
  process.stderr.write('usage: deploy/check-build amd64|arm64 [--work DIRECTORY]\n');
  process.exit(2);
}

mkdirSync(values.work, { recursive: true });
const work = mkdtempSync(join(values.work, 'headgate-twice-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true, maxRetries: 3 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const commit = commitNow();
const images = [build('one'), build('other')] as const;
if (commitNow() !== commit) {
  process.stderr.write(
    `The commit was ${commit} and is ${commitNow()} now: two builds of two commits say nothing. Run it again, and leave the work tree alone meanwhile.\n`,
  );
  process.exit(1);
}
const sums = await Promise.all(images.map(sumOf));
const differing = sums[0] === sums[1] ? [] : differences(...images);
record(`${architecture} built-twice`, { sha256: sums, isSame: sums[0] === sums[1], differing });
if (sums[0] !== sums[1]) process.exitCode = 1;

/** Its date is in what is built. */
function commitNow(): string {
  const command = ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD'];
  return execFileSync('git', command, { encoding: 'utf8' }).trim();
}

/** @returns where its image is, not packed: what packs is the same everywhere */
function build(name: string): string {
  const out = join(work, name);
  const command = [architecture, '--fast', '--out', out, '--cache', join(out, 'cache')];
  say(`  build ${name}: deploy/build ${command.join(' ')}`);
  execFileSync(join(import.meta.dirname, '../build'), command, { stdio: ['ignore', 'ignore', 'inherit'] });
  const image = readdirSync(out).find((file) => file.endsWith('.img'));
  if (image === undefined) throw new Error(`there is no image in ${out}`);
  return join(out, image);
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Files of the root file system that differ, by name; and the boot partition, as a whole. */
function differences(one: string, other: string): string[] {
  const roots = [one, other].map((image) => {
    const target = join(image, '..', 'root');
    mkdirSync(target);
    execFileSync('debugfs', ['-R', `rdump / ${target}`, `${image}?offset=${partitionOf(image, 2).from}`], {
      stdio: 'pipe',
    });
    return target;
  });
  // It ends with 1 when there is something to tell.
  const { stdout } = spawnSync('diff', ['-rq', '--no-dereference', ...roots], {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  });
  const files = stdout.split('\n').filter((line) => line !== '');
  const boots = [one, other].map((image) => {
    const { from, to } = partitionOf(image, 1);
    return bytesOf(image, from, to - from);
  });
  return [
    ...files.map((line) => line.replaceAll(`${work}/`, '')),
    ...(boots[0]!.equals(boots[1]!) ? [] : ['the boot partition']),
    ...(files.length === 0 ? ['no file of the root file system: how they lie there, or their times'] : []),
  ];
}
