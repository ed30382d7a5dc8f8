import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Builds the images by buildah, which needs no engine, and mounts them for run.ts; `--let-go` undoes that. The base image is Debian by
// mmdebstrap, as no registry is asked; the place of NATS's own image is taken by Debian's package.

const root = join(import.meta.dirname, '../../..');
const work = process.env.HEADGATE_CHECK_DIR ?? '/var/tmp/headgate-check-container';
const base = 'localhost/headgate-base';
const mirror = 'http://deb.debian.org/debian';
const images = ['gateway', 'collector'] as const;

/** What run.ts is told of an image. */
export interface BuiltImage {
  /** Where its file system is mounted. */
  readonly root: string;
  readonly config: ImageConfig;
}

/** An image's configuration, as Docker's format has it. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir: string;
  readonly StopSignal?: string;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Healthcheck?: { readonly Test: readonly string[] };
}

function run(command: string, args: readonly string[], isShown = false): string {
  const stdio: ('ignore' | 'pipe' | 'inherit')[] = ['ignore', 'pipe', isShown ? 'inherit' : 'pipe'];
  const env = { ...process.env, TMPDIR: join(work, 'tmp') };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio,
    maxBuffer: 1 << 28,
    env,
  });
  if (status === 0) return stdout.trim();
  throw new Error(
    `${command} ${args.join(' ')} failed: ${error?.message ?? `${stderr ?? ''}${stdout}`.trim().slice(-2000)}`,
  );
}

function buildah(...args: string[]): string {
  const store = ['--root', join(work, 'store'), '--runroot', join(work, 'run'), '--storage-driver', 'overlay'];
  return run('buildah', [...store, ...args]);
}

/** Debian in a directory, or in a tar where its name ends so, made once. */
function debian(name: string, ...options: string[]): string {
  const place = join(work, name);
  if (existsSync(place)) return place;
  const draft = join(work, `new-${name}`);
  rmSync(draft, { recursive: true, force: true });
  run('mmdebstrap', ['--quiet', ...options, 'trixie', draft, mirror]);
  renameSync(draft, place);
  return place;
}

function makeBase(): void {
  if (buildah('images', '--quiet', '--filter', `reference=${base}`) !== '') return;
  const container = buildah('from', 'scratch');
  buildah('add', '--quiet', container, debian('base.tar', '--variant=minbase'), '/');
  buildah('commit', '--quiet', '--rm', container, base);
}

function build(target: (typeof images)[number]): BuiltImage {
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  const secrets = authorities === undefined ? [] : ['--secret', `id=authorities,src=${authorities}`];
  const file = join(root, 'deploy/container/Dockerfile');
  const how = ['--isolation', 'chroot', '--format', 'docker', '--layers', '--build-arg', `BASE=${base}`];
  const name = `localhost/headgate-${target}`;
  buildah(
    'build',
    ...how,
    ...secrets,
    '--ignorefile',
    `${file}.dockerignore`,
    '-f',
    file,
    '--target',
    target,
    '-t',
    name,
    root,
  );
  const { Docker } = JSON.parse(buildah('inspect', '--type', 'image', name)) as { Docker: { config: ImageConfig } };
  buildah('from', '--name', target, name);
  return { root: buildah('mount', target), config: Docker.config };
}

function letGo(): void {
  for (const name of images) {
    try {
      buildah('rm', name);
    } catch {
      // There was none.
    }
  }
  // What buildah mounts over its own store and leaves there, so that the directory could not be deleted.
  spawnSync('umount', ['--quiet', join(work, 'store/overlay')]);
}

mkdirSync(join(work, 'tmp'), { recursive: true });
letGo();
if (!process.argv.includes('--let-go')) {
  const started = performance.now();
  makeBase();
  const built = Object.fromEntries(images.map((target) => [target, build(target)]));
  const nats = debian('nats', '--variant=minbase', '--include=nats-server,wget');
  const config = { User: '', Env: ['PATH=/usr/sbin:/usr/bin'], Entrypoint: ['nats-server'], WorkingDir: '/' };
  writeFileSync(join(work, 'images.json'), JSON.stringify({ ...built, nats: { root: nats, config } }));
  process.stdout.write(`✔ built by the Dockerfile (${Math.round((performance.now() - started) / 1000)} s)\n`);
}
