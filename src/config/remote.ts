import { join, resolve } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { readIfThere, removeFile, writePrivateFile } from '../lib/private-file.ts';
import { type Layer, merge } from '../lib/settings/layer.ts';
import { yaml } from '../lib/settings/yaml.ts';
import { parseConfigText } from '../lib/settings/yaml-file.ts';
import { type ConfigSources, configFile, loadConfig } from './load.ts';
import type { Config } from './schema.ts';
import { settingsPath } from './settings.ts';
import { changedKeys } from './watch.ts';

/** What the collector has set lies in the data directory, and holds over the configuration file. */
export function remotePath(dataDir: string): string {
  return join(resolve(dataDir), 'remote.yaml');
}

export interface Loaded {
  readonly config: Config;
  /** The file with what the collector has set; undefined when it has set nothing. */
  readonly remoteFile?: string;
  /** Why what was set here or by the collector is left out, line by line; undefined when it is not. */
  readonly problem?: string;
}

/**
 * {@link loadConfig} together with what was set here, and what the collector has set. What of that is wrong, as it may be for
 * another release than took it in, is left out: a gateway that does not start can't be sent anything better.
 */
export function loadWithRemote(sources: ConfigSources): Loaded {
  let config = loadConfig(sources);
  const remoteFile = remotePath(config.dataDir);
  const over: Layer[] = [];
  const problems: string[] = [];
  let isRemote = false;
  for (const path of [settingsPath(config.dataDir), remoteFile]) {
    try {
      const text = readIfThere(path);
      if (text === undefined) continue;
      isRemote ||= path === remoteFile;
      const layer = parseConfigText(text, path);
      config = loadConfig({ ...sources, over: [...over, layer] });
      over.push(layer);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return { config, ...(isRemote && { remoteFile }), ...(problems.length > 0 && { problem: problems.join('\n') }) };
}

/** {@link loadWithRemote} for a gateway that runs. @throws {HeadgateError} also when what was set over the file is wrong */
export function loadAgain(sources: ConfigSources): Config {
  const { config, problem } = loadWithRemote(sources);
  if (problem !== undefined) throw new HeadgateError('config.invalid', problem);
  return config;
}

export interface RemoteSettingsDependencies {
  readonly sources: ConfigSources;
  /** The configuration that the gateway was started with. */
  readonly running: Config;
  /** Has the gateway load its configuration anew, and hold to what is new in it. */
  readonly reload: () => void;
  /** What was set here, which the overlay holds over. Default: nothing. */
  readonly under?: () => readonly Layer[];
}

/** The one key that holds without a restart. */
const hotKey = 'rules';

const byWhom = { collector: 'by the collector', here: 'at the gateway' };

const header = (by: Setter): string =>
  `# Set while the gateway ran, ${byWhom[by]}, and holds over the configuration file. Without this file that holds alone.\n`;

/** Who sets something while the gateway runs. */
export type Setter = keyof typeof byWhom;

/** Who wrote an overlay: its first line says so. */
export function setterOf(overlay: string): Setter {
  return overlay.split('\n', 1)[0]?.includes(byWhom.here) ? 'here' : 'collector';
}

/** What the collector has set of this gateway's configuration: an overlay, as YAML. */
export class RemoteSettings {
  readonly #deps: RemoteSettingsDependencies;
  readonly #path: string;
  #overlay: string | undefined;

  constructor(deps: RemoteSettingsDependencies) {
    this.#deps = deps;
    this.#path = remotePath(deps.running.dataDir);
  }

  /** The overlay in force; empty: none. */
  overlay(): string {
    this.#overlay ??= readIfThere(this.#path) ?? '';
    return this.#overlay;
  }

  /** The file is to be looked at again: somebody may have changed or removed it. */
  refresh(): void {
    this.#overlay = undefined;
  }

  /**
   * What the overlay becomes by `rules`, a list as it stands under that key, or by `config`, keys as they stand in the
   * file; empty takes back what was set. Or all that is wrong with it, each with line and column. Changes nothing.
   */
  plan({
    name,
    payload,
    setter = 'collector',
  }: {
    readonly name: string;
    readonly payload: Uint8Array;
    readonly setter?: Setter;
  }): { readonly overlay: string } | { readonly reason: string } {
    if (name !== 'rules' && name !== 'config')
      return { reason: `a gateway takes the commands \`rules\` and \`config\`, not \`${name}\`` };
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
      const before = parseConfigText(this.overlay(), this.#path);
      if (text.trim() === '') {
        const { [hotKey]: _, ...others } = before.value as Record<string, unknown>;
        return { overlay: textOf(name === 'config' ? {} : others, setter) };
      }
      const parsed = parseConfigText(text, name);
      const fragment = name === 'rules' ? under(hotKey, parsed) : parsed;
      loadConfig({ ...this.#deps.sources, over: [...this.#under(), before, fragment] });
      const cold = this.#coldKeys(before, fragment);
      if (cold.length > 0) {
        const keys = cold.map((key) => `\`${key}\``).join(', ');
        return {
          reason: `${keys}: needs a restart, so it has to be changed in the gateway's file; a command changes \`${hotKey}\` only`,
        };
      }
      // What does not differ is not kept: it would hold over what is changed in the file later.
      const { [hotKey]: hot } = fragment.value as Record<string, unknown>;
      return {
        overlay: hot === undefined ? this.overlay() : textOf(merge(before.value, { [hotKey]: hot }), setter),
      };
    } catch (error) {
      if (error instanceof TypeError) return { reason: `the ${name} are not UTF-8 text` };
      if (error instanceof HeadgateError) return { reason: error.message };
      throw error;
    }
  }

  /** Keys that a fragment would change after a restart only, also where the command line or the environment hides that. */
  #coldKeys(before: Layer, fragment: Layer): string[] {
    const file = configFile(this.#deps.sources);
    const given = file === undefined ? {} : { file };
    const under = [...this.#under(), before];
    return changedKeys(loadConfig({ ...given, over: under }), loadConfig({ ...given, over: [...under, fragment] }));
  }

  /** Makes an overlay durable, and has it hold. @throws {HeadgateError} config.invalid, data.unwritable */
  apply(overlay: string): void {
    loadConfig({ ...this.#deps.sources, over: [...this.#under(), parseConfigText(overlay, this.#path)] });
    if (overlay !== '') writePrivateFile(this.#path, overlay, 'What the collector has set');
    else removeFile(this.#path);
    this.#overlay = overlay;
    this.#deps.reload();
  }

  #under(): readonly Layer[] {
    return this.#deps.under?.() ?? [];
  }
}

/** A layer whose value is one key's. */
function under(key: string, { value, where, errors }: Layer): Layer {
  return { value: { [key]: value }, errors, where: ({ path, at }) => where({ path: path.slice(1), at }) };
}

function textOf(value: unknown, setter: Setter): string {
  const isEmpty = Object.keys(value as object).length === 0;
  return isEmpty ? '' : `${header(setter)}${yaml().stringify(value)}`;
}
