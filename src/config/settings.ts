import { join, resolve } from 'node:path';
import { type Fault, HeadgateError, messageOf } from '../core/errors.ts';
import { readIfThere, removeFile, writePrivateFile } from '../lib/private-file.ts';
import { type Layer, merge } from '../lib/settings/layer.ts';
import { pathText, type SchemaNode } from '../lib/settings/schema-node.ts';
import { yaml } from '../lib/settings/yaml.ts';
import { parseConfigText, readConfigFile } from '../lib/settings/yaml-file.ts';
import { redacted } from './describe.ts';
import { type ConfigSources, configFile, loadConfig } from './load.ts';
import { configNode } from './node.ts';
import type { Config } from './schema.ts';
import { textsOf } from './texts.ts';

/** What was set at the gateway lies in the data directory, and holds over the configuration file. */
export function settingsPath(dataDir: string): string {
  return join(resolve(dataDir), 'settings.yaml');
}

const header =
  '# Set at the gateway while it ran, and holds over the configuration file. Without this file that holds alone.\n';

type Tree = Readonly<Record<string, unknown>>;

export interface LocalSettingsDependencies {
  readonly sources: ConfigSources;
  readonly dataDir: string;
}

/** What came of the settings. */
interface Looked {
  readonly layer: Layer;
  /** It does not hold. */
  readonly isWrong: boolean;
}

/** What was set of this gateway's configuration at the gateway itself, by the dashboard or a program: every key but the rules. */
export class LocalSettings {
  readonly #deps: LocalSettingsDependencies;
  readonly #path: string;
  /** What came of them, and of which texts. */
  #last: { readonly texts: string; readonly looked: Looked } | undefined;

  constructor(deps: LocalSettingsDependencies) {
    this.#deps = deps;
    this.#path = settingsPath(deps.dataDir);
  }

  /** YAML; empty: nothing was set. With secrets. @throws {HeadgateError} data.unwritable when the disk does not tell */
  text(): string {
    try {
      return readIfThere(this.#path) ?? '';
    } catch (error) {
      const message = `What was set at the gateway ${this.#path} can't be read: ${messageOf(error)}.`;
      throw new HeadgateError('data.unwritable', message, { cause: error });
    }
  }

  /** What is not right is left out, as at a start. */
  layer(): Layer {
    return this.#looked().layer;
  }

  #looked(): Looked {
    const texts = textsOf(this.#deps.sources, [this.#path]);
    if (texts !== undefined && texts === this.#last?.texts) return this.#last.looked;
    const looked = this.#checked();
    this.#last = texts === undefined ? undefined : { texts, looked };
    return looked;
  }

  #checked(): Looked {
    try {
      const layer = parseConfigText(this.text(), this.#path);
      loadConfig({ ...this.#deps.sources, over: [layer] });
      return { layer, isWrong: false };
    } catch (error) {
      if (!(error instanceof HeadgateError)) throw error;
      return { layer: { value: {}, errors: [], where: () => this.#path }, isWrong: true };
    }
  }

  /**
   * What the settings become by a patch (RFC 7396): keys as in the file, null for one that is to be as the file says again.
   * Changes nothing.
   *
   * @param now the configuration that holds, whose secrets `***` stands for
   * @param locked why a key can't be set here; undefined when it can
   * @throws {HeadgateError} request.invalid with everything that is wrong, by key
   */
  plan(patch: Tree, now: Config, locked: (key: string) => string | undefined): string {
    const faults: Fault[] = [];
    const given = withSecrets(configNode, patch, now, [], faults) as Tree;
    for (const key of keysIn(configNode, given, [])) {
      const reason = locked(key);
      if (reason !== undefined) faults.push({ key, message: `\`${key}\` can't be set here: ${reason}` });
    }
    // What is wrong does not hold, so it is no part of what is changed: else nothing could be set until somebody has mended the file.
    const before = this.text() === '' ? {} : this.layer().value;
    const value = pruned(patched(before, given)) as Tree;
    const { sources } = this.#deps;
    const file = configFile(sources);
    // What has to fit together may stand in both places.
    const whole: Layer = {
      value: merge(file === undefined ? {} : readConfigFile(file).value, value),
      errors: [],
      where: ({ path }) => pathText(path),
    };
    try {
      loadConfig({ ...sources, over: [whole] });
    } catch (error) {
      if (!(error instanceof HeadgateError) || error.code !== 'config.invalid') throw error;
      if (error.faults?.length === 0) throw new HeadgateError('request.invalid', error.message, { cause: error });
      faults.push(...(error.faults ?? []));
    }
    refuse(distinct(faults));
    return Object.keys(value).length === 0 ? '' : `${header}${yaml().stringify(value)}`;
  }

  /** Makes the settings durable. They hold when the configuration is loaded anew. @throws {HeadgateError} data.unwritable */
  write(text: string): void {
    // There may be what somebody wants back.
    if (this.#looked().isWrong)
      writePrivateFile(`${this.#path}.wrong`, this.text(), 'What was set at the gateway and is wrong');
    writeSettings(this.#deps.dataDir, text);
  }
}

/** @throws {HeadgateError} data.unwritable */
export function writeSettings(dataDir: string, text: string): void {
  const path = settingsPath(dataDir);
  if (text === '') removeFile(path);
  else writePrivateFile(path, text, 'What was set at the gateway');
}

function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  throw new HeadgateError('request.invalid', faults.map(({ message }) => message).join(' '), { faults });
}

function distinct(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [`${fault.key} ${fault.message}`, fault])).values()];
}

/** The keys that a patch sets, not those that it takes back. Of what the schema does not know, the check tells. */
function* keysIn(node: SchemaNode, given: unknown, path: readonly string[]): Generator<string> {
  if (given === null || given === undefined) return;
  if (node.properties === undefined || !isTree(given)) {
    yield pathText(path);
    return;
  }
  for (const [key, child] of Object.entries(given)) {
    const known = Object.hasOwn(node.properties, key) ? node.properties[key] : undefined;
    if (known !== undefined) yield* keysIn(known, child, [...path, key]);
  }
}

/** RFC 7396, §2: null removes, sections are joined, anything else is replaced. */
function patched(base: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch;
  const result = new Map(Object.entries(isTree(base) ? base : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else if (value !== undefined) result.set(key, patched(result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** Without sections that hold nothing. */
function pruned(value: unknown): unknown {
  if (!isTree(value)) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, pruned(child)] as const);
  return Object.fromEntries(entries.filter(([, child]) => !isTree(child) || Object.keys(child).length > 0));
}

/**
 * What was given with the secrets that it shows as `***`: a key that is one is left as it is, one in a list is that of the item of
 * the same name.
 */
function withSecrets(
  node: SchemaNode,
  given: unknown,
  now: unknown,
  path: readonly (string | number)[],
  faults: Fault[],
): unknown {
  if (node.secret === true && given === redacted) {
    if (!path.some((key) => typeof key === 'number')) return undefined;
    if (typeof now === 'string') return now;
    const key = pathText(path);
    faults.push({ key, message: `\`${key}\` is hidden, and no item of this name has one: it has to be given anew.` });
    return given;
  }
  if (Array.isArray(given) && node.items !== undefined) {
    const items = node.items;
    const before = Array.isArray(now) ? now.filter(isTree) : [];
    return given.map((one: unknown, index) => {
      const same = isTree(one) ? before.find(({ name }) => name !== undefined && name === one.name) : undefined;
      return withSecrets(items, one, same, [...path, index], faults);
    });
  }
  if (!isTree(given)) return given;
  return Object.fromEntries(
    Object.entries(given).map(([key, child]) => {
      const known = Object.hasOwn(node.properties ?? {}, key) ? node.properties![key] : node.additionalProperties;
      const at = isTree(now) && Object.hasOwn(now, key) ? now[key] : undefined;
      return [key, known ? withSecrets(known, child, at, [...path, key], faults) : child];
    }),
  );
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
