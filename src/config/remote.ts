import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { readIfThere, writePrivateFile } from '../lib/private-file.ts';
import { type Layer, merge } from '../lib/settings/layer.ts';
import { yaml } from '../lib/settings/yaml.ts';
import { parseConfigText } from '../lib/settings/yaml-file.ts';
import { type ConfigSources, configFile, loadConfig } from './load.ts';
import type { Config } from './schema.ts';
import { changedKeys } from './watch.ts';

/** What the collector has set lies in the data directory, and holds over the configuration file. */
export function remotePath(dataDir: string): string {
  return join(resolve(dataDir), 'remote.yaml');
}

export interface Loaded {
  readonly config: Config;
  /** The file with what the collector has set; undefined when it has set nothing. */
  readonly remoteFile?: string;
  /** Why that is left out, line by line; undefined when it is not. */
  readonly problem?: string;
}

/**
 * {@link loadConfig} together with what the collector has set. When that is wrong, as it may be for another release than
 * took it in, it is left out: a gateway that does not start can't be sent anything better.
 */
export function loadWithRemote(sources: ConfigSources): Loaded {
  const config = loadConfig(sources);
  const path = remotePath(config.dataDir);
  try {
    const text = readIfThere(path);
    if (text === undefined) return { config };
    return { config: loadConfig({ ...sources, over: [parseConfigText(text, path)] }), remoteFile: path };
  } catch (error) {
    return { config, remoteFile: path, problem: messageOf(error) };
  }
}

/** {@link loadWithRemote} for a gateway that runs. @throws {HeadgateError} also when what the collector has set is wrong */
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
}

/** The one key that holds without a restart. */
const hotKey = 'rules';

const header = `# Set while the gateway ran, and holds over the configuration file. Without this file that holds alone.
`;

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
  }: {
    readonly name: string;
    readonly payload: Uint8Array;
  }): { readonly overlay: string } | { readonly reason: string } {
    if (name !== 'rules' && name !== 'config')
      return { reason: `a gateway takes the commands \`rules\` and \`config\`, not \`${name}\`` };
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
      const before = parseConfigText(this.overlay(), this.#path);
      if (text.trim() === '') {
        const { [hotKey]: _, ...others } = before.value as Record<string, unknown>;
        return { overlay: textOf(name === 'config' ? {} : others) };
      }
      const parsed = parseConfigText(text, name);
      const fragment = name === 'rules' ? under(hotKey, parsed) : parsed;
      loadConfig({ ...this.#deps.sources, over: [before, fragment] });
      const cold = this.#coldKeys(before, fragment);
      if (cold.length > 0) {
        const keys = cold.map((key) => `\`${key}\``).join(', ');
        return {
          reason: `${keys}: needs a restart, so it has to be changed in the gateway's file; a command changes \`${hotKey}\` only`,
        };
      }
      // What does not differ is not kept: it would hold over what is changed in the file later.
      const { [hotKey]: hot } = fragment.value as Record<string, unknown>;
      return { overlay: hot === undefined ? this.overlay() : textOf(merge(before.value, { [hotKey]: hot })) };
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
    return changedKeys(loadConfig({ ...given, over: [before] }), loadConfig({ ...given, over: [before, fragment] }));
  }

  /** Makes an overlay durable, and has it hold. @throws {HeadgateError} config.invalid, data.unwritable */
  apply(overlay: string): void {
    loadConfig({ ...this.#deps.sources, over: [parseConfigText(overlay, this.#path)] });
    if (overlay !== '') writePrivateFile(this.#path, overlay, 'What the collector has set');
    else remove(this.#path);
    this.#overlay = overlay;
    this.#deps.reload();
  }
}

/** A layer whose value is one key's. */
function under(key: string, { value, where, errors }: Layer): Layer {
  return { value: { [key]: value }, errors, where: ({ path, at }) => where({ path: path.slice(1), at }) };
}

function textOf(value: unknown): string {
  const isEmpty = Object.keys(value as object).length === 0;
  return isEmpty ? '' : `${header}${yaml().stringify(value)}`;
}

/** A removal that a power cut undoes is taken for what was set before: nothing is lost. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw new HeadgateError('data.unwritable', `${path} in ${dirname(path)} can't be removed: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
