import { type ChildProcess, fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HeadgateError } from '../core/errors.ts';
import { nextBackoff } from '../lib/backoff.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import type { CollectorSettings } from './options.ts';
import type { FromChild, ToChild } from './process-protocol.ts';
import { parseSink } from './sink.ts';

const restartLimits = { minMs: 200, maxMs: 30_000 };
/** A process that lived this long starts again without the waits of those before it. */
const soundAfterMs = 60_000;

/** Where the collector's process stands. */
type State =
  | { readonly name: 'stopped' }
  /** Forked, and has not said yet that it listens. */
  | { readonly name: 'starting'; readonly child: ChildProcess }
  | { readonly name: 'running'; readonly child: ChildProcess; readonly since: number }
  /** It died, and is started again when the timer fires. */
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  /** It ended before it was ready. */
  | { readonly name: 'failed' }
  | { readonly name: 'stopping' };

/**
 * A collector in a process of its own, so that it costs the gateway's flow nothing and can't take it down. It ends when
 * the gateway does, however that ended, and is started again when it dies by itself. Its log lines go to the gateway's
 * standard output as they are.
 */
export class EmbeddedCollector implements Service {
  readonly name = 'collector';
  readonly #options: CollectorSettings;
  readonly #log: Log;
  readonly #logLevel: string;
  #state: State = { name: 'stopped' };
  #address = '';
  #backoffMs = 0;

  /** @param logLevel of the process's own log; without it, that of `log` when it has one */
  constructor(options: CollectorSettings, log: Log, logLevel: string = levelOf(log)) {
    this.#options = options;
    this.#log = log;
    this.#logLevel = logLevel;
  }

  /**
   * Resolves without a collector when NATS does not answer, which may take as long as a network takes to come up: it is
   * tried again, and the gateway's buffer takes what comes in meanwhile.
   *
   * @throws HeadgateError what the collector's own start failed with
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.#launch(signal);
    } catch (error) {
      const { host, port, sink } = this.#options;
      const isElsewhere = error instanceof HeadgateError && error.code === 'sink.failed' && isNats(sink);
      // Without a port of its own nobody could know where it will be.
      if (!isElsewhere || port === 0 || this.#state.name !== 'failed') throw error;
      this.#address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      this.#log.error({ code: error.code, advice: error.advice }, `There is no collector yet: ${error.message}`);
      this.#restartLater();
    }
  }

  /** `HOST:PORT` it listens on. The same after a restart. */
  get address(): string {
    return this.#address;
  }

  /**
   * Where the gateway beside it dials, when nothing else is configured.
   *
   * @throws HeadgateError `config.invalid` when that needs a certificate, which nobody has given it
   */
  get url(): string {
    if (this.#options.tls?.enabled !== true) return `http://${this.#address}`;
    throw new HeadgateError(
      'config.invalid',
      'With `collector.tls.enabled` the gateway beside the collector needs an `uplink.url` such as https://localhost:50052, ' +
        'and to be enrolled, like any other.',
    );
  }

  /** The process's id while there is one. */
  get pid(): number | undefined {
    return 'child' in this.#state ? this.#state.child.pid : undefined;
  }

  async stop(deadline: AbortSignal): Promise<void> {
    const state = this.#state;
    this.#state = { name: 'stopping' };
    if (state.name === 'waiting') clearTimeout(state.timer);
    if ('child' in state) await end(state.child, deadline);
    this.#state = { name: 'stopped' };
  }

  /** Forks, and resolves when the process listens. */
  #launch(signal?: AbortSignal): Promise<void> {
    const entry = new URL(import.meta.url.endsWith('.ts') ? './process.ts' : './process.js', import.meta.url);
    const child = fork(fileURLToPath(entry), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Compiled code is kept from one start to the next: half the time, and 40 MB less when TypeScript runs unbuilt.
      env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env },
    });
    this.#state = { name: 'starting', child };
    const options = { ...this.#options, port: portOf(this.#address) ?? this.#options.port };
    tell(child, { kind: 'start', options, logLevel: this.#logLevel });
    return new Promise((resolve, reject) => {
      const abort = () => child.kill('SIGKILL');
      signal?.addEventListener('abort', abort, { once: true });
      let failure = new HeadgateError('startup.failed', 'The embedded collector ended before it was ready.');
      child.on('message', (message: FromChild) => {
        if (message.kind === 'failed') failure = new HeadgateError(message.code, message.message);
        else if (this.#state.name === 'starting' && this.#state.child === child) {
          this.#address = message.address;
          this.#state = { name: 'running', child, since: performance.now() };
          // From here on it is stopped in its turn.
          signal?.removeEventListener('abort', abort);
          resolve();
        }
      });
      child.on('error', (cause) => {
        failure = new HeadgateError(
          'startup.failed',
          `The embedded collector could not be started: ${cause.message}.`,
          { cause },
        );
        // A fork that failed never exits.
        if (child.pid === undefined) this.#ended(child, failure, reject);
      });
      child.once('exit', (code, killedBy) => {
        signal?.removeEventListener('abort', abort);
        if (this.#state.name === 'running') this.#log.error({ code, signal: killedBy }, 'The embedded collector died.');
        this.#ended(child, failure, reject);
      });
    });
  }

  #ended(child: ChildProcess, failure: HeadgateError, reject: (error: HeadgateError) => void): void {
    const state = this.#state;
    const isOurs = 'child' in state && state.child === child;
    if (isOurs && state.name === 'running') {
      if (performance.now() - state.since > soundAfterMs) this.#backoffMs = 0;
      this.#restartLater();
      return;
    }
    if (isOurs) this.#state = { name: 'failed' };
    reject(failure);
  }

  #restartLater(): void {
    this.#backoffMs = nextBackoff(restartLimits, this.#backoffMs, Math.random());
    this.#state = { name: 'waiting', timer: setTimeout(() => void this.#restart(), this.#backoffMs) };
  }

  async #restart(): Promise<void> {
    try {
      await this.#launch();
      this.#log.info({ address: this.#address }, 'The embedded collector runs again.');
    } catch (error) {
      // Stopped in the meantime: then it is as it should be.
      if (this.#state.name !== 'failed') return;
      const { code, message, advice } = error as HeadgateError;
      this.#log.error({ code, advice }, `The embedded collector did not start again: ${message}`);
      this.#restartLater();
    }
  }
}

/** Asks the process to stop, and kills it at the deadline. */
function end(child: ChildProcess, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      resolve();
      return;
    }
    const kill = () => child.kill('SIGKILL');
    child.once('exit', () => {
      deadline.removeEventListener('abort', kill);
      resolve();
    });
    if (deadline.aborted) kill();
    else deadline.addEventListener('abort', kill, { once: true });
    tell(child, { kind: 'stop', deadlineMs: 60_000 });
  });
}

function tell(child: ChildProcess, message: ToChild): void {
  // An error here means that the process is ending: its exit says so.
  child.send(message, () => {});
}

function isNats(sink: string): boolean {
  return parseSink(sink).kind === 'nats';
}

function portOf(address: string): number | undefined {
  return address === '' ? undefined : Number(address.slice(address.lastIndexOf(':') + 1));
}

/** A pino logger knows its level; a log that keeps nothing wants none of the process's lines either. */
function levelOf(log: Log): string {
  return 'level' in log && typeof log.level === 'string' ? log.level : 'silent';
}
