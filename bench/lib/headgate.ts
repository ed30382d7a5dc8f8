import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from './children.ts';
import { monotonicMs } from './load-protocol.ts';
import { until, within } from './wait.ts';

const entry = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** A port on which nothing ever listens: for a collector that can't be reached. */
export const unreachable = 'http://127.0.0.1:1';

export interface HeadgateOptions {
  /** Config keys and values, over port 0 everywhere and info logs. */
  readonly settings: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where CPU profiles are written; without it there are none. */
  readonly profileFolder?: string | undefined;
  /** A file for {@link Gateway.loopDelay}; without it that can't be asked. */
  readonly loopFile?: string;
  /** Node's own options. */
  readonly flags?: readonly string[] | undefined;
}

/** How late the main thread's timers fired, in milliseconds, and how many did. */
export interface LoopDelay {
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

/** A gateway or a collector, as a user starts it. */
export interface Headgate extends Child {
  /** From its start until its `ready` line was read here. */
  readonly readyMs: number;
  /** Fields of the `ready` line: addresses as `host:port`. */
  readonly ready: Readonly<Record<string, unknown>>;
}

/** Starts `headgate VERB` and waits for its `ready` line. @throws an Error with its last lines when that doesn't come */
async function start(verb: 'run' | 'collector', ports: readonly string[], options: HeadgateOptions): Promise<Headgate> {
  const settings = { ...Object.fromEntries(ports.map((key) => [key, '0'])), 'log.level': 'info', ...options.settings };
  const profiling =
    options.profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`];
  const probing = options.loopFile === undefined ? [] : ['--import', join(import.meta.dirname, 'loop-probe.ts')];
  let isReady: (fields: Record<string, unknown>) => void = () => {};
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    isReady = resolve;
  });
  const lines: string[] = [];
  const child = await startChild(
    `headgate ${verb}`,
    process.execPath,
    [
      ...(options.flags ?? []),
      ...profiling,
      ...probing,
      entry,
      verb,
      ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
    ],
    {
      env: {
        ...process.env,
        ...options.environment,
        ...(options.loopFile !== undefined && { BENCH_LOOP_FILE: options.loopFile }),
      },
      onLine: (line) => {
        lines.push(line);
        if (lines.length > 20) lines.shift();
        if (line.includes('"ready"')) isReady(JSON.parse(line) as Record<string, unknown>);
      },
    },
  );
  try {
    const fields = await within(`headgate ${verb} to be ready`, 60_000, Promise.race([ready, child.failed]));
    return { ...child, ready: fields, readyMs: monotonicMs() - child.startedMs };
  } catch (error) {
    await child.end();
    throw new Error([(error as Error).message, ...lines].join('\n'), { cause: error });
  }
}

/** Numbers of `GET /api/v1/status`, by path: `uplink.acknowledgedRecords`. */
export interface Status {
  readonly atMs: number;
  number(path: string): number;
}

/** A running gateway. */
export class Gateway {
  readonly child: Headgate;
  readonly #loopFile: string | undefined;
  #loopDelays = 0;

  private constructor(child: Headgate, loopFile: string | undefined) {
    this.child = child;
    this.#loopFile = loopFile;
  }

  static async start(options: HeadgateOptions): Promise<Gateway> {
    // Records are counted.
    const settings = { 'uplink.canary': '0', ...options.settings };
    const ports = ['mqtt.port', 'http.port', 'grpc.port', 'collector.port'];
    return new Gateway(await start('run', ports, { ...options, settings }), options.loopFile);
  }

  get pid(): number {
    return this.child.pid;
  }

  get mqttPort(): number {
    return portOf(this.child, 'mqtt');
  }

  /** @throws an Error when it does not answer */
  async status(): Promise<Status> {
    const response = await fetch(`http://${String(this.child.ready.http)}/api/v1/status`, {
      signal: AbortSignal.timeout(10_000),
    });
    const body = (await response.json()) as unknown;
    return { atMs: monotonicMs(), number: (path) => numberAt(body, path) };
  }

  /** The first status that `isThere`, asked every `everyMs`. */
  async statusWhen(
    what: string,
    limitMs: number,
    everyMs: number,
    isThere: (status: Status) => boolean,
  ): Promise<Status> {
    const found = until(what, limitMs, everyMs, async () => {
      const status = await this.status();
      return isThere(status) ? status : undefined;
    });
    return await Promise.race([found, this.child.failed]);
  }

  /** The main thread's delays since this was last asked. */
  async loopDelay(): Promise<LoopDelay> {
    const file = this.#loopFile;
    if (file === undefined) throw new Error('this gateway was started without a loop file');
    process.kill(this.pid, 'SIGUSR2');
    this.#loopDelays++;
    const told = until('the main thread to tell its delays', 30_000, 20, () => {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
      return lines.length >= this.#loopDelays ? lines.at(-1) : undefined;
    });
    return JSON.parse(await Promise.race([told, this.child.failed])) as LoopDelay;
  }

  async end(): Promise<void> {
    await this.child.end();
  }
}

/** A collector in a process of its own. `sink` as in the config; `port` 0 takes any; `more` are further settings. */
export async function startCollector(
  sink: string,
  profileFolder?: string,
  port = 0,
  more: Readonly<Record<string, string>> = {},
  process: Pick<HeadgateOptions, 'flags' | 'environment'> = {},
): Promise<Headgate & { readonly url: string }> {
  const settings = { 'collector.sink': sink, 'collector.port': String(port), ...more };
  const child = await start('collector', [], { ...process, settings, profileFolder });
  const scheme = more['collector.tls.enabled'] === 'true' ? 'https' : 'http';
  return { ...child, url: `${scheme}://${String(child.ready.collector)}` };
}

function portOf(child: Headgate, field: string): number {
  const port = Number(String(child.ready[field]).split(':').at(-1));
  if (!Number.isInteger(port))
    throw new Error(`the ready line names no ${field} address: ${JSON.stringify(child.ready)}`);
  return port;
}

function numberAt(value: unknown, path: string): number {
  for (const key of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[key];
  if (typeof value !== 'number') throw new Error(`the status has no number ${path}`);
  return value;
}
