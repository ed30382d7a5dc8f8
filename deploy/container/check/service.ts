import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltImage } from './build.ts';

/** A service of compose.yaml, as far as this can start it. */
export interface ComposeService {
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface Places {
  /** Where the volumes are. */
  readonly volumes: string;
  /** The files of secrets, by name. */
  readonly secrets: string;
  /** By which services find each other. */
  readonly hosts: string;
  /** Where what it says goes. */
  readonly log: string;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What an engine does before it starts a service, in a mount namespace of its own. */
function mounts(name: string, { root, config }: BuiltImage, service: ComposeService, places: Places): string[] {
  const lines = [`mount --bind ${root} ${root}`, `mount --bind /dev ${root}/dev`];
  for (const spec of service.volumes ?? []) {
    const [volume = '', target = ''] = spec.split(':');
    const place = join(places.volumes, volume);
    if (!existsSync(place)) {
      // A new volume has what the image has there, its owner above all.
      const made = spawnSync('sh', [
        '-c',
        `mkdir -p ${places.volumes} ${root}${target} && cp -a ${root}${target} ${place}`,
      ]);
      if (made.status !== 0) throw new Error(`The volume ${volume} could not be made: ${made.stderr}`);
    }
    lines.push(`mount --bind ${place} ${root}${target}`);
  }
  if (
    config.Volumes !== undefined &&
    Object.keys(config.Volumes).some((path) => !service.volumes?.join().includes(path))
  )
    throw new Error(
      `${name}: compose.yaml gives no place to one of the image's volumes ${Object.keys(config.Volumes)}.`,
    );
  // Where files are put that the image does not have, an engine makes them.
  lines.push(`mount -t tmpfs -o mode=755 tmpfs ${root}/run`, `mkdir -p ${root}/run/secrets`);
  for (const secret of service.secrets ?? []) {
    const place = `${root}/run/secrets/${secret}`;
    lines.push(`touch ${place}`, `mount --bind ${join(places.secrets, secret)} ${place}`);
  }
  lines.push(`[ -e ${root}/etc/hosts ] || touch ${root}/etc/hosts`, `mount --bind ${places.hosts} ${root}/etc/hosts`);
  for (const spec of service.tmpfs ?? []) {
    const [target = '', options = ''] = spec.split(':');
    lines.push(`mount -t tmpfs -o ${options} tmpfs ${root}${target}`);
  }
  lines.push(`mount -t proc proc ${root}/proc`);
  if (service.read_only) lines.push(`mount -o remount,bind,ro ${root}`);
  return lines;
}

/** A command as the image's user, with its environment, and no more rights than compose.yaml leaves. */
function asItsUser({ config }: BuiltImage, service: ComposeService, command: readonly string[]): string[] {
  if (service.cap_drop.join() !== 'ALL' || service.security_opt.join() !== 'no-new-privileges:true')
    throw new Error('A service of compose.yaml keeps rights that it has no use for.');
  const [user = '0', group = user] = (config.User || '0:0').split(':');
  const rights = [
    `--reuid=${user}`,
    `--regid=${group}`,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
    '--inh-caps=-all',
  ];
  const environment = [
    ...config.Env,
    ...Object.entries(service.environment ?? {}).map(([key, value]) => `${key}=${value}`),
  ];
  return ['setpriv', ...rights, 'env', '-i', '-C', config.WorkingDir || '/', ...environment, ...command];
}

/** A running container: an image's program, started as the image and compose.yaml say. */
export class Service {
  readonly #image: BuiltImage;
  readonly #compose: ComposeService;
  readonly #name: string;
  readonly #places: Places;
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(null);

  constructor(name: string, image: BuiltImage, compose: ComposeService, places: Places) {
    this.#name = name;
    this.#image = image;
    this.#compose = compose;
    this.#places = places;
  }

  start(): void {
    const { root, config } = this.#image;
    const program = [...config.Entrypoint, ...(this.#compose.command ?? config.Cmd ?? [])];
    const command = asItsUser(this.#image, this.#compose, program).map(quoted).join(' ');
    const script = `set -e\n${mounts(this.#name, this.#image, this.#compose, this.#places).join('\n')}\nexec chroot ${root} ${command}`;
    mkdirSync(this.#places.log, { recursive: true });
    writeFileSync(this.#log, '');
    const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (text: Buffer) => appendFileSync(this.#log, text));
    child.stderr.on('data', (text: Buffer) => appendFileSync(this.#log, text));
    this.#child = child;
    this.#ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  }

  /** What it has said so far. */
  get said(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** Its first process, as it is numbered here; undefined for as long as there is none yet. @throws when it has ended */
  get #first(): string | undefined {
    const { pid, exitCode, signalCode } = this.#child ?? {};
    if (pid === undefined || exitCode !== null || signalCode !== null)
      throw new Error(`${this.#name} is not running: ${this.said.slice(-1500)}`);
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] || undefined;
  }

  /** @throws when it is not running */
  get pid(): string {
    const first = this.#first;
    if (first === undefined) throw new Error(`${this.#name} has only just been started.`);
    return first;
  }

  /** Runs a command in it, as `docker exec` does. */
  exec(...command: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
    const inside = asItsUser(this.#image, this.#compose, command);
    const enter = ['--target', this.pid, '--mount', '--pid', `--root=/proc/${this.pid}/root`, '--wdns=/'];
    const { status, stdout, stderr } = spawnSync('nsenter', [...enter, ...inside], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { code: status, out: stdout.trim(), err: stderr.trim() };
  }

  /** Whether its health check finds it well. */
  isHealthy(): boolean {
    const [kind, ...command] = this.#compose.healthcheck?.test ?? this.#image.config.Healthcheck?.Test ?? [];
    if (kind !== 'CMD') throw new Error(`${this.#name} has no health check that is a command.`);
    return this.#first !== undefined && this.exec(...command).code === 0;
  }

  /** As an engine stops it; resolves to its exit code. @throws when it takes longer than it may */
  async stop(graceMs = 30_000): Promise<number | null> {
    process.kill(Number(this.pid), (this.#image.config.StopSignal as NodeJS.Signals | undefined) ?? 'SIGTERM');
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${this.#name} did not stop in time.`)), graceMs);
    try {
      return await Promise.race([this.#ended, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  get #log(): string {
    return join(this.#places.log, `${this.#name}.log`);
  }
}
