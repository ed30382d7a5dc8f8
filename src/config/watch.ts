import type { EventEmitter } from 'node:events';
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { leaves, pathText } from '../lib/settings/schema-node.ts';
import { configNode } from './node.ts';
import type { Config } from './schema.ts';

export interface ConfigWatchDependencies {
  /** The configuration file; undefined when there is none. */
  readonly file: string | undefined;
  /** The configuration that the gateway was started with. */
  readonly running: Config;
  /** Loads the whole configuration anew; throws a {@link HeadgateError} when it is not right. */
  readonly load: () => Config;
  /** Puts other rules in force. */
  readonly onRules: (rules: Config['rules']) => void;
  /** Puts in force what else may change while the gateway runs. @returns the keys that need no restart, whatever they say */
  readonly follow?: (config: Config) => readonly string[];
  /** Asked to read everything again: for what else is read from files. What it throws is told in the log. */
  readonly onReread?: () => void;
  readonly log: Log;
  /**
   * Where SIGHUP comes from; undefined: it is not listened to. Absent: this process, unless it runs on a terminal, where
   * SIGHUP says that the terminal is gone and must end what ran there.
   */
  readonly signals?: EventEmitter | undefined;
  /** How long a changed file must rest before it is read: it may be in the middle of being written. Default: 200. */
  readonly settleMs?: number;
}

/**
 * Where a changed file is on its way to being read.
 *
 * `resting`: nothing has happened since it was last read. `settling`: something has; it is read when it looks the same
 * twice, `settleMs` apart.
 */
type WatchState =
  | { readonly kind: 'resting' }
  | { readonly kind: 'settling'; readonly look: string; readonly timer: NodeJS.Timeout };

/**
 * Follows the configuration while the gateway runs: loads it again on SIGHUP and when its file changes, in whatever way
 * an editor or a deployment replaces it, and puts its rules in force, and what else may change. A configuration that is not right changes nothing
 * and is told in the log, as are keys that need a restart.
 */
export class ConfigWatch implements Service {
  readonly name = 'config';
  readonly #deps: ConfigWatchDependencies;
  #rules: Config['rules'];
  /** What was loaded last. */
  #last: Config;
  /** How the file looked when it was last read. */
  #lastLook: string;
  /** Keys whose change holds after a restart, when it was loaded last. */
  waiting: readonly string[] = [];
  #state: WatchState = { kind: 'resting' };
  #watcher: FSWatcher | undefined;
  #signals: EventEmitter | undefined;

  constructor(deps: ConfigWatchDependencies) {
    this.#deps = deps;
    this.#rules = deps.running.rules;
    this.#last = deps.running;
    this.#lastLook = '';
  }

  async start(_signal: AbortSignal): Promise<void> {
    this.#signals = 'signals' in this.#deps ? this.#deps.signals : process.stdin.isTTY ? undefined : process;
    this.#signals?.on('SIGHUP', this.#onHangup);
    const { file } = this.#deps;
    if (file === undefined) return;
    this.#watch(file);
    // It may have changed since it was read at the start of the process.
    this.#settle(file);
  }

  async stop(_deadline: AbortSignal): Promise<void> {
    this.#signals?.off('SIGHUP', this.#onHangup);
    this.#watcher?.close();
    if (this.#state.kind === 'settling') clearTimeout(this.#state.timer);
    this.#state = { kind: 'resting' };
  }

  #watch(file: string): void {
    const { log } = this.#deps;
    const giveUp = (error: unknown) => {
      this.#watcher?.close();
      log.warn(
        { file, error: messageOf(error) },
        'The configuration file can not be watched; send SIGHUP after a change.',
      );
    };
    try {
      // The directory, as a file that is replaced by another of its name takes a watch on itself along. Events of its other
      // files count too: the file may be a link to what they are.
      this.#watcher = watch(dirname(file), { persistent: false }, () => this.#settle(file));
      this.#watcher.on('error', giveUp);
    } catch (error) {
      // The system allows only so many watches; the gateway runs without one.
      giveUp(error);
    }
  }

  readonly #onHangup = (): void => {
    const { file, log } = this.#deps;
    log.info({ ...(file === undefined ? {} : { file }) }, 'Asked by SIGHUP to read the configuration again.');
    if (file !== undefined) this.#lastLook = lookOf(file);
    try {
      this.#deps.onReread?.();
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'Not everything could be read again: it stays as it is.');
    }
    if (!this.reload()) log.info({}, 'The configuration says what it said before.');
  };

  /** Looks at the file until it rests, then reads it if it is not as it was. */
  #settle(file: string): void {
    if (this.#state.kind === 'settling') return;
    const { settleMs = 200, log } = this.#deps;
    const lookAgain = (look: string) => {
      const timer = setTimeout(() => {
        const now = lookOf(file);
        if (now !== look) return lookAgain(now);
        this.#state = { kind: 'resting' };
        if (now === this.#lastLook) return;
        this.#lastLook = now;
        if (now === gone) log.warn({ file }, 'The configuration file is gone. What it said last stays in force.');
        else this.reload();
      }, settleMs);
      this.#state = { kind: 'settling', look, timer };
    };
    lookAgain(lookOf(file));
  }

  /** Loads the configuration and puts its rules in force. Returns whether anything was to be told of it. */
  reload(): boolean {
    const { load, onRules, log, running } = this.#deps;
    try {
      const config = load();
      const followed = this.#deps.follow?.(config) ?? [];
      const waiting = changedKeys(running, config).filter((key) => !followed.includes(key));
      const keys = changedKeys(this.#last, config).filter((key) => followed.includes(key));
      this.#last = config;
      this.waiting = waiting;
      if (keys.length > 0) log.info({ keys }, 'Changes to these keys hold from now on.');
      if (waiting.length > 0) log.warn({ keys: waiting }, 'Changes to these keys hold after a restart.');
      if (isDeepStrictEqual(config.rules, this.#rules)) return waiting.length + keys.length > 0;
      onRules(config.rules);
      this.#rules = config.rules;
      log.info({ rules: config.rules.length }, 'The changed rules hold from now on.');
    } catch (error) {
      const problems = messageOf(error).split('\n');
      const fields = error instanceof HeadgateError ? { code: error.code, problems } : { err: error };
      log.error(fields, `The changed configuration is not used, the rules stay as they are: ${problems.join(' ')}`);
    }
    return true;
  }
}

const gone = 'gone';

/** What of a file differs when it was written or replaced; links are followed. */
export function lookOf(file: string): string {
  try {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? gone : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
  } catch (error) {
    // Reading it will fail too, and say why in the words of the configuration.
    return messageOf(error);
  }
}

/** The keys other than the rules whose value differs: no part takes a new one while it runs. */
export function changedKeys(running: Config, config: Config): string[] {
  const valueAt = (from: unknown, path: readonly string[]) =>
    path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], from);
  return [...leaves(configNode)]
    .filter(({ path }) => path[0] !== 'rules' && !isDeepStrictEqual(valueAt(running, path), valueAt(config, path)))
    .map(({ path }) => pathText(path));
}
