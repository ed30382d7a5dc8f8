import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { within } from './wait.ts';

const ownMain = new URL('../../src/main.ts', import.meta.url).pathname;

/** One line of the log: level, time and msg are always there. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type Settings = Readonly<Record<string, string | number | boolean>>;

export interface SpawnOptions {
  /** Configuration by key, as `--set` takes it. */
  readonly set?: Settings;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of another version than this one: its `main.ts`. */
  readonly main?: string;
  /** Not to be shown when the test failed. */
  readonly isQuiet?: boolean;
}

/** `headgate VERB …` as a process of its own, seen from outside only: signals, log lines, exit code. */
export class HeadgateProcess {
  readonly child: ChildProcess;
  readonly log: LogLine[] = [];
  /** What was written to stdout that is no log line. */
  readonly output: string[] = [];
  readonly errors: string[] = [];
  /** Its exit, told when its last lines have been read: that is, when its own children are gone too. */
  readonly exited: Promise<Exit>;
  readonly #gone: Promise<Exit>;
  readonly #ready: Promise<LogLine>;
  #exit: Exit | undefined;

  private constructor(child: ChildProcess) {
    this.child = child;
    const { promise: ready, resolve: isReady } = Promise.withResolvers<LogLine>();
    this.#ready = ready;
    const out = createInterface({ input: child.stdout! });
    const err = createInterface({ input: child.stderr! });
    out.on('line', (text) => {
      const line = logLineOf(text);
      if (line === undefined) this.output.push(text);
      else this.log.push(line);
      if (line?.msg === 'ready') isReady(line);
    });
    err.on('line', (text) => this.errors.push(text));
    const closed = [out, err].map((lines) => new Promise((resolve) => lines.once('close', resolve)));
    this.#gone = new Promise<Exit>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        resolve({ code, signal });
      });
    });
    this.exited = Promise.all([this.#gone, ...closed]).then(([exit]) => exit);
    // Whoever waits for them is told of a failed spawn; nobody has to.
    this.#gone.catch(() => {});
    this.exited.catch(() => {});
  }

  /** Starts it and does not wait. It is killed when the test ends, and its log shown when the test failed. */
  static spawn(
    t: TestContext,
    verb: string,
    { set = {}, args = [], env = {}, main = ownMain, isQuiet = false }: SpawnOptions = {},
  ): HeadgateProcess {
    const settings = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const child = spawn(process.execPath, [main, verb, ...settings, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...withoutHeadgate(process.env), ...env },
    });
    const started = new HeadgateProcess(child);
    atEnd(t, async () => {
      await started.kill();
      await within(10_000, 'the end of its children', started.exited);
      // Node's types leave `passed` out.
      if (!isQuiet && !(t as TestContext & { readonly passed: boolean }).passed)
        t.diagnostic(`${verb} (pid ${child.pid}) said:\n${started.said()}`);
    });
    return started;
  }

  /** Starts it and waits for its `ready`. @throws an Error with what it said, when it ends or takes too long */
  static async start(t: TestContext, verb: string, options: SpawnOptions = {}): Promise<HeadgateProcess> {
    const started = HeadgateProcess.spawn(t, verb, options);
    await started.ready();
    return started;
  }

  /** Its `ready` line, which has the addresses. */
  async ready(timeoutMs = 20_000): Promise<LogLine> {
    const early = this.exited.then((exit) => {
      throw new Error(`${this.child.spawnargs.slice(2).join(' ')} ended (${describe(exit)}) before it was ready`);
    });
    try {
      return await within(timeoutMs, 'ready', Promise.race([this.#ready, early]));
    } catch (error) {
      throw new Error(`${(error as Error).message}; it said:\n${this.said()}`, { cause: error });
    }
  }

  /** The port of an address in the ready line: `mqtt`, `http` or `collector`. */
  port(name: string): number {
    const address = this.log.find((line) => line.msg === 'ready')?.[name];
    if (typeof address !== 'string') throw new Error(`the ready line names no ${name}:\n${this.said()}`);
    return Number(address.slice(address.lastIndexOf(':') + 1));
  }

  get hasExited(): boolean {
    return this.#exit !== undefined;
  }

  /** kill -9, and waits until it is gone. A child of its own may outlive it for a moment. */
  async kill(): Promise<void> {
    if (this.#exit === undefined) this.child.kill('SIGKILL');
    await this.#gone;
  }

  /** SIGTERM, and waits. @throws an Error when it takes longer or its exit code is not 0 */
  async stop(timeoutMs = 15_000): Promise<void> {
    this.child.kill('SIGTERM');
    const exit = await within(timeoutMs, 'a graceful stop', this.exited);
    if (exit.code !== 0) throw new Error(`it stopped with ${describe(exit)}; it said:\n${this.said()}`);
  }

  /** The last lines of everything that it said. */
  said(lines = 40): string {
    const log = this.log.map((line) => JSON.stringify(line));
    return [...log, ...this.output, ...this.errors].slice(-lines).join('\n');
  }
}

function logLineOf(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as LogLine;
    return typeof value.msg === 'string' ? value : undefined;
  } catch {
    // Output that only looks like a log line.
    return undefined;
  }
}

/** What the machine or the caller has configured is not what the test means. */
function withoutHeadgate(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith('HEADGATE_')));
}

function describe({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : signal;
}
