import { HeadgateError, messageOf } from '../core/errors.ts';
import { merge, nest } from '../lib/settings/layer.ts';
import { leaves, pathText } from '../lib/settings/schema-node.ts';
import { parseConfigText, readConfigFile } from '../lib/settings/yaml-file.ts';
import { formSchema, type KeyView, keyViews, lockOf, type NamedLayer, valueAt } from './config-keys.ts';
import { describeConfig } from './describe.ts';
import { type ConfigSources, configFile } from './load.ts';
import { configNode } from './node.ts';
import { fromEnvironment, fromSettings } from './overrides.ts';
import { type RemoteSettings, setterOf } from './remote.ts';
import type { Config } from './schema.ts';
import type { LocalSettings } from './settings.ts';
import type { TrialView, TrialWatch } from './trial-watch.ts';

/** Where a configuration comes from that may change while the gateway runs. */
export interface ConfigFiles {
  readonly sources: ConfigSources;
  /** The configuration as its files say it now. @throws {HeadgateError} when they are wrong */
  readonly load: () => Config;
  /** What its files say now; undefined: that is not known. */
  readonly texts: () => string | undefined;
  /** Loads it anew, and holds to what is new in it. */
  readonly reload: () => void;
  readonly local: LocalSettings;
  /** Keys whose change holds after a restart. */
  readonly waiting: () => readonly string[];
}

export interface ConfigDeskDependencies {
  /** The configuration that the gateway was started with. */
  readonly running: Config;
  /** Undefined: it stays as it is. */
  readonly files: ConfigFiles | undefined;
  readonly remote: Pick<RemoteSettings, 'overlay' | 'plan' | 'apply'>;
  readonly trial: TrialWatch;
  /** A change that came from the collector is on trial. */
  readonly isOnTrial: () => boolean;
  readonly restart: RestartView;
}

/** Whether the gateway can be restarted from afar. */
export interface RestartView {
  readonly isPossible: boolean;
  /** Why it can't, and what to do instead; null: it can. */
  readonly reason: string | null;
}

/** The configuration as people and programs beside the gateway see it. */
export interface ConfigView {
  /** What holds now, every default filled in; secrets are `***`. */
  readonly config: unknown;
  /** Another one whenever its files say something else, also where that is not shown. */
  readonly revision: number;
  /** Rules that were set while the gateway ran, by the collector or here, over the file: YAML; empty: none. */
  readonly overlay: string;
  /** Every key that holds a value, by its name. */
  readonly keys: Readonly<Record<string, KeyView>>;
  /** Keys whose change holds after a restart. */
  readonly pending: readonly string[];
  readonly trial: TrialView | null;
  readonly restart: RestartView;
  /** The configuration file; null: there is none. */
  readonly file: string | null;
  /** Why what the files say now is not what holds; null: nothing is wrong with them. */
  readonly problem: string | null;
}

const safeMode = 'The gateway runs in safe mode, with a configuration that was right before: correct its file first.';

/** Where the configuration is looked at and changed while the gateway runs. */
export class ConfigDesk {
  readonly #deps: ConfigDeskDependencies;
  #schema: object | undefined;
  #texts: string | undefined;
  #revision = 0;
  #seen: { readonly of: string; readonly view: Pick<ConfigView, 'config' | 'keys' | 'problem'> } | undefined;

  constructor(deps: ConfigDeskDependencies) {
    this.#deps = deps;
  }

  view(): ConfigView {
    const { files, remote, trial, restart } = this.#deps;
    const pending = files?.waiting() ?? [];
    return {
      ...this.#shown(pending),
      revision: this.#revision,
      overlay: remote.overlay(),
      pending,
      trial: trial.view(),
      restart,
      file: (files && configFile(files.sources)) ?? null,
    };
  }

  /** Worked out once for each thing that the files say. */
  #shown(pending: readonly string[]): Pick<ConfigView, 'config' | 'keys' | 'problem'> {
    const { files } = this.#deps;
    const texts = files === undefined ? '' : files.texts();
    if (texts !== undefined && texts !== this.#texts) this.#revision++;
    this.#texts = texts ?? this.#texts;
    const of = texts === undefined ? undefined : `${pending.join(' ')}\n${texts}`;
    if (of !== undefined && of === this.#seen?.of) return this.#seen.view;
    const { next, problem } = this.#loaded();
    const now = this.#holding(next, pending);
    const locked = files === undefined ? safeMode : undefined;
    const keys = keyViews(configNode, { ...{ now, next, pending, layers: this.#layers() }, locked });
    const view = { config: describeConfig(configNode, now), keys, problem: locked ?? problem };
    this.#seen = of === undefined ? undefined : { of, view };
    return view;
  }

  /** JSON Schema, with what a form shows. */
  get schema(): object {
    this.#schema ??= formSchema(configNode);
    return this.#schema;
  }

  /**
   * Has other rules hold, durably.
   *
   * @param text the list under `rules`, JSON or YAML; empty: what was set is taken back
   * @throws {HeadgateError} request.invalid with all that is wrong; request.conflict while a change is on trial; data.unwritable
   */
  changeRules(text: string): void {
    this.#changeable();
    this.#applyRules(this.#planRules(text));
  }

  /**
   * Sets keys, durably; null: as the file says again. What needs a restart holds after one.
   *
   * @throws {HeadgateError} request.invalid with all that is wrong, by key; request.conflict while a change is on trial; data.unwritable
   */
  change(patch: Readonly<Record<string, unknown>>): void {
    const { rules, ...others } = patch;
    const { before, planned } = this.#plan(others);
    const plannedRules = rules === undefined ? undefined : this.#planRules(rules === null ? '' : JSON.stringify(rules));
    this.#withRules(plannedRules, () => {
      if (planned !== before) this.#write(before, planned, others);
    });
  }

  /** Whether keys other than the rules could be set so. Changes nothing. @throws {HeadgateError} as {@link change} */
  check(patch: Readonly<Record<string, unknown>>): void {
    this.#plan(patch);
  }

  #plan(patch: Readonly<Record<string, unknown>>): { readonly before: string; readonly planned: string } {
    const { local } = this.#changeable();
    const layers = this.#layers();
    const paths = new Map([...leaves(configNode)].map(({ path }) => [pathText(path), path]));
    const locked = (key: string) => lockOf(paths.get(key) ?? [key], layers);
    const before = local.text();
    return { before, planned: local.plan(patch, this.#loaded().next, locked) };
  }

  /** Everything that was set while the gateway ran is taken back. @throws {HeadgateError} request.conflict, data.unwritable */
  reset(): void {
    const { local } = this.#changeable();
    const { remote } = this.#deps;
    const before = local.text();
    this.#withRules(remote.overlay() === '' ? undefined : '', () => {
      if (before !== '') this.#write(before, '', local.layer().value);
    });
  }

  /** Both or none (RFC 5789, §2). @param overlay undefined: the rules stay */
  #withRules(overlay: string | undefined, write: () => void): void {
    const { remote } = this.#deps;
    const before = remote.overlay();
    if (overlay !== undefined) this.#applyRules(overlay);
    try {
      write();
    } catch (error) {
      if (overlay !== undefined) this.#applyRules(before);
      throw error;
    }
  }

  /** @param patch the keys of which may differ then */
  #write(before: string, text: string, patch: unknown): void {
    const { local, reload, waiting } = this.#changeable();
    const touched = [...leaves(configNode)]
      .filter(({ path }) => reaches(patch, path))
      .map(({ path }) => pathText(path));
    const write = () => local.write(text);
    this.#deps.trial.change(before, touched, write, () => {
      reload();
      return waiting();
    });
  }

  /** Settings on trial are to stay. @throws {HeadgateError} request.conflict, data.unwritable */
  confirm(): void {
    this.#deps.trial.confirm();
  }

  #planRules(text: string): string {
    const plan = this.#deps.remote.plan({ name: 'rules', payload: Buffer.from(text), setter: 'here' });
    if ('reason' in plan) throw new HeadgateError('request.invalid', plan.reason);
    return plan.overlay;
  }

  #applyRules(overlay: string): void {
    const { remote } = this.#deps;
    if (overlay !== remote.overlay()) remote.apply(overlay);
  }

  /** @throws {HeadgateError} request.conflict */
  #changeable(): ConfigFiles {
    const { files, trial, isOnTrial } = this.#deps;
    if (files === undefined) {
      throw new HeadgateError('request.conflict', safeMode);
    }
    trial.demandNone();
    if (!isOnTrial()) return files;
    throw new HeadgateError(
      'request.conflict',
      'A configuration from the collector is on trial: wait until it holds.',
      {
        retryAfterSeconds: 30,
      },
    );
  }

  #loaded(): { readonly next: Config; readonly problem: string | null } {
    const { files, running } = this.#deps;
    try {
      return { next: files?.load() ?? running, problem: null };
    } catch (error) {
      return { next: running, problem: messageOf(error) };
    }
  }

  /** What is loaded, but for what still waits for a restart. */
  #holding(next: Config, pending: readonly string[]): unknown {
    const { running } = this.#deps;
    return [...leaves(configNode)]
      .filter(({ path }) => pending.includes(pathText(path)))
      .reduce<unknown>((all, { path }) => merge(all, nest(path, valueAt(running, path) ?? null)), next);
  }

  #layers(): NamedLayer[] {
    const { files, remote } = this.#deps;
    if (files === undefined) return [];
    const { sources, local } = files;
    const file = configFile(sources);
    const overlay = remote.overlay();
    const layers: NamedLayer[] = [
      { source: 'here', layer: local.layer() },
      { source: setterOf(overlay), layer: parseConfigText(overlay, 'remote.yaml') },
      { source: 'environment', layer: fromEnvironment(configNode, sources.environment ?? {}) },
      { source: 'command-line', layer: fromSettings(configNode, sources.settings ?? []) },
    ];
    try {
      if (file !== undefined) layers.unshift({ source: 'file', layer: readConfigFile(file) });
    } catch {
      // That it can't be read is told where it is loaded.
    }
    return layers;
  }
}

/** Whether a patch says something of a key, or of a section around it. */
function reaches(patch: unknown, path: readonly string[]): boolean {
  let at = patch;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return true;
    if (!Object.hasOwn(at, key)) return false;
    at = Reflect.get(at, key);
  }
  return true;
}
