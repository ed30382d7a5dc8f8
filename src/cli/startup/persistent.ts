import { type ConfigSources, configFile } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { failTrial } from '../../config/settings-trial.ts';
import { loadToStart } from '../../config/start.ts';
import { lookOf } from '../../config/watch.ts';
import { messageOf } from '../../core/errors.ts';
import type { Gateway } from '../../gateway.ts';
import { createLog, type Logger } from '../../instrumentation/log.ts';
import { LogLevels } from '../../lib/log-levels.ts';
import { LogTail } from '../../lib/log-tail.ts';
import type { Restart } from '../../lib/restart.ts';
import { failureFields } from '../failure.ts';
import type { Served } from '../serve.ts';
import { lastGood, saveLastGood } from './last-good.ts';
import type { Vigil } from './vigil.ts';

export interface PersistentDependencies {
  readonly sources: ConfigSources;
  readonly restart: (config: Config) => Restart;
  /** Called each time that a gateway has started. */
  readonly onStarted: (gateway: Gateway, config: Config) => void;
  /** Called when it fails, or fails in another way. @param url where the page about it is */
  readonly onFailure: (error: unknown, url: string | undefined) => void;
}

const ignore = (): void => {};
/** How long a gateway that did not start, or makes room for another, may take to let go of everything. */
const stopMs = 10_000;

/** A gateway that is started until it starts; while it can't be, a page says why. */
export class PersistentGateway implements Served {
  readonly #deps: PersistentDependencies;
  readonly #tail = new LogTail();
  #log: Logger & { readonly tail: LogTail; readonly verbosity: LogLevels };
  #logLevel: Config['log']['level'] = 'info';
  #vigil: Vigil | undefined;
  #gateway: Gateway | undefined;
  /** While it runs in safe mode: ends that when the configuration is right. */
  #guard: Promise<void> | undefined;
  /** What the last start failed with; undefined when it did not. */
  failure: unknown;

  constructor(deps: PersistentDependencies) {
    this.#deps = deps;
    this.#log = this.#makeLog();
  }

  get log(): Logger {
    return this.#log;
  }

  /** Rejects when it is to stop before it started, and when it can't start and there can be no page about it. */
  async start(signal: AbortSignal): Promise<void> {
    let mode: 'usual' | 'safe' = 'usual';
    // Whoever else listens comes and goes; without a listener it would end the process. On a terminal it is to.
    if (!process.stdin.isTTY) process.off('SIGHUP', ignore).on('SIGHUP', ignore);
    const file = configFile(this.#deps.sources);
    for (;;) {
      const look = file === undefined ? '' : lookOf(file);
      try {
        await (mode === 'safe' ? this.#startSafely(signal) : this.#startUsually(signal));
        this.failure = undefined;
        break;
      } catch (error) {
        this.failure = error;
        if (signal.aborted) throw error;
        mode = await (await this.#keeper()).keep(error, look, signal);
      }
    }
    if (mode === 'safe') this.#guard = this.#leaveSafeMode(signal);
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await this.#guard;
    await this.#gateway?.stop(deadline);
  }

  async #startUsually(signal: AbortSignal): Promise<void> {
    const { sources } = this.#deps;
    const { config, problem } = loadToStart(sources);
    this.#follow(config.log);
    if (problem !== undefined)
      this.#log.error(
        { part: 'main', problems: problem.split('\n') },
        'What was set over the configuration file does not hold: it is wrong.',
      );
    try {
      await this.#run(config, sources, signal);
    } catch (error) {
      const keys = signal.aborted ? [] : failTrial(config.dataDir, messageOf(error));
      if (keys.length === 0) throw error;
      this.#log.error({ part: 'main', keys, reason: messageOf(error) }, 'It does not start with changed settings.');
      // With what was before.
      return await this.#startUsually(signal);
    }
    try {
      saveLastGood(config);
    } catch (error) {
      this.#log.warn({ part: 'main', reason: messageOf(error) }, 'Safe mode would not have this configuration.');
    }
  }

  /** Without sources: what is wrong with them is not this gateway's to tell. */
  async #startSafely(signal: AbortSignal): Promise<void> {
    const { likelyConfig } = await import('../../config/likely.ts');
    const likely = likelyConfig(this.#deps.sources);
    const good = lastGood(likely.dataDir);
    if (good === undefined) throw this.failure;
    // Whoever asked for it looks at the port where the page was.
    const http = { ...good.config.http, port: likely.http.port };
    const wrong = messageOf(this.failure).split('\n')[0];
    const gateway = await this.#run({ ...good.config, http }, undefined, signal);
    const file = configFile(this.#deps.sources) ?? 'the configuration';
    gateway.reporter.notice = `Safe mode: the gateway runs with the configuration of ${good.at.slice(0, 16).replace('T', ' ')} UTC, until ${file} is right.`;
    this.#log.warn({ part: 'main', wrong }, gateway.reporter.notice);
  }

  async #run(config: Config, sources: ConfigSources | undefined, signal: AbortSignal): Promise<Gateway> {
    const { Gateway } = await import('../../gateway.ts');
    const gateway = new Gateway(config, this.#log, sources, this.#deps.restart(config));
    // One of its own: what listens to a signal that lives on is never forgotten.
    const own = new AbortController();
    const onAbort = () => own.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await gateway.start(own.signal);
    } catch (error) {
      signal.removeEventListener('abort', onAbort);
      await gateway.stop(AbortSignal.timeout(stopMs));
      throw error;
    }
    this.#gateway = gateway;
    if (!signal.aborted) this.#deps.onStarted(gateway, config);
    return gateway;
  }

  async #leaveSafeMode(signal: AbortSignal): Promise<void> {
    try {
      await (await this.#keeper()).untilRight(signal);
      this.#log.info({ part: 'main' }, 'The configuration is right: the gateway is started with it.');
      await this.#gateway?.stop(AbortSignal.timeout(stopMs));
      this.#gateway = undefined;
      await this.start(signal);
    } catch (error) {
      // To stop is what was asked for; anything else ends the process.
      if (!signal.aborted) throw error;
    }
  }

  /** Loaded only when a start has failed. */
  async #keeper(): Promise<Vigil> {
    if (this.#vigil === undefined) {
      const { Vigil } = await import('./vigil.ts');
      const { sources, onFailure } = this.#deps;
      const failed = (error: unknown, url: string | undefined) => {
        this.failure = error;
        this.#log.error(
          { part: 'main', ...failureFields(error), url },
          `The gateway did not start: ${messageOf(error)}`,
        );
        onFailure(error, url);
      };
      this.#vigil = new Vigil({ sources, log: this.#log, tail: this.#tail, onFailure: failed });
    }
    return this.#vigil;
  }

  #follow({ level }: Config['log']): void {
    if (level === this.#logLevel) return;
    this.#logLevel = level;
    this.#log = this.#makeLog();
  }

  #makeLog(): Logger & { readonly tail: LogTail; readonly verbosity: LogLevels } {
    const verbosity = new LogLevels();
    const log = createLog({ level: this.#logLevel }, undefined, this.#tail, verbosity);
    return Object.assign(log, { tail: this.#tail, verbosity });
  }
}
