import { HeadgateError, messageOf } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { endTrial, noteTrial, readTrial, type SettingsTrial, takeBack } from './settings-trial.ts';

/** How long a change that may shut its author out stays without being confirmed. */
export const confirmMs = 10 * 60_000;

/** Keys by which the dashboard may be out of reach once they have changed. */
export function mayShutOut(key: string): boolean {
  return key === 'http.host' || key === 'http.port' || key.startsWith('http.tls.');
}

export interface TrialWatchDependencies {
  readonly dataDir: string;
  /** Has the gateway started again; undefined: nothing would start it. */
  readonly restart: (() => void) | undefined;
  readonly log: Log;
  readonly now?: () => number;
}

/** What people are told of a trial. */
export interface TrialView {
  readonly state: SettingsTrial['state'];
  readonly keys: readonly string[];
  /** Of a running one: when it is taken back unless it is confirmed, RFC 3339. */
  readonly until: string | null;
  readonly reason: string | null;
}

/** Watches over settings that this run was started with for the first time. Started last: by then all else has started. */
export class TrialWatch implements Service {
  readonly name = 'settings';
  readonly #deps: TrialWatchDependencies;
  #timer: NodeJS.Timeout | undefined;
  #until: number | undefined;

  constructor(deps: TrialWatchDependencies) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { dataDir, log, now = Date.now } = this.#deps;
    const trial = readTrial(dataDir);
    if (trial?.state === 'taken-back') {
      log.warn({ keys: trial.keys, reason: trial.reason }, 'Settings were taken back.');
    }
    if (trial?.state !== 'running') return;
    if (!trial.keys.some(mayShutOut)) {
      endTrial(dataDir);
      log.info({ keys: trial.keys }, 'The changed settings hold.');
      return;
    }
    this.#until = now() + confirmMs;
    this.#timer = setTimeout(() => this.#giveUp(), confirmMs).unref();
    const until = new Date(this.#until).toISOString();
    log.warn({ keys: trial.keys, until }, 'The changed settings are taken back unless they are confirmed by then.');
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
  }

  view(): TrialView | null {
    const trial = readTrial(this.#deps.dataDir);
    if (trial === undefined) return null;
    const until = trial.state === 'running' && this.#until !== undefined ? new Date(this.#until).toISOString() : null;
    return { state: trial.state, keys: trial.keys, until, reason: trial.reason === '' ? null : trial.reason };
  }

  /**
   * Changes settings. That they are on trial is durable first: a power cut in between would leave settings that nothing takes back.
   *
   * @param before as they are
   * @param touched keys that may differ then
   * @param write throws what it fails with: then nothing has changed
   * @param waiting the keys that hold after a restart, asked when it is done
   * @throws {HeadgateError} data.unwritable, data.full
   */
  change(before: string, touched: readonly string[], write: () => void, waiting: () => readonly string[]): void {
    const { dataDir } = this.#deps;
    const trial = readTrial(dataDir);
    const earlier = trial?.state === 'waiting' ? trial : { before, keys: [] };
    const note = { state: 'waiting', before: earlier.before, reason: '' } as const;
    const known = new Set([...earlier.keys, ...touched]);
    noteTrial(dataDir, { ...note, keys: [...known].sort() });
    try {
      write();
    } catch (error) {
      if (trial === undefined) endTrial(dataDir);
      else noteTrial(dataDir, trial);
      throw error;
    }
    const keys = waiting();
    if (keys.length === 0) endTrial(dataDir);
    // Each note is waited for until the disk has it.
    else if (keys.length !== known.size || !keys.every((key) => known.has(key))) noteTrial(dataDir, { ...note, keys });
  }

  /** @throws {HeadgateError} request.conflict while one is running: it can't be told what would be taken back */
  demandNone(): void {
    if (readTrial(this.#deps.dataDir)?.state !== 'running') return;
    throw new HeadgateError(
      'request.conflict',
      'Changed settings are on trial: confirm them first, or take them back.',
    );
  }

  /** They are to stay; or that they were taken back was seen. @throws {HeadgateError} request.conflict, data.unwritable */
  confirm(): void {
    const { dataDir, log } = this.#deps;
    const trial = readTrial(dataDir);
    if (trial === undefined || trial.state === 'waiting')
      throw new HeadgateError('request.conflict', 'No settings are on trial.');
    clearTimeout(this.#timer);
    this.#until = undefined;
    endTrial(dataDir);
    if (trial.state === 'running') log.info({ keys: trial.keys }, 'The changed settings were confirmed, and stay.');
  }

  #giveUp(): void {
    const { dataDir, restart, log } = this.#deps;
    const trial = readTrial(dataDir);
    if (trial?.state !== 'running') return;
    this.#until = undefined;
    try {
      takeBack(dataDir, trial, 'nobody confirmed them');
    } catch (error) {
      // The next start does it.
      log.error({ reason: messageOf(error) }, 'Settings could not be taken back yet.');
    }
    log.warn(
      { keys: trial.keys },
      `Nobody confirmed the changed settings: those of before hold ${restart === undefined ? 'after a restart' : 'again, after a restart now'}.`,
    );
    restart?.();
  }
}
