import { contradictions } from '../admission/option-checks.ts';
import { alarmsFaults } from '../alarms/option-checks.ts';
import { type Fault, HeadgateError } from '../core/errors.ts';
import type { OptionProblem } from '../lib/option-types.ts';
import { checkPartial, mustBeGiven, type Problem } from '../lib/settings/check.ts';
import { type Layer, merge, nest } from '../lib/settings/layer.ts';
import { leaves, nodeAt, pathText, type SchemaNode } from '../lib/settings/schema-node.ts';
import { readConfigFile } from '../lib/settings/yaml-file.ts';
import { bridgeFaults } from '../sources/bridge/option-checks.ts';
import { modbusFaults } from '../sources/modbus/option-checks.ts';
import { serialFaults } from '../sources/serial/option-checks.ts';
import { uplinkFaults } from '../uplink/option-checks.ts';
import { configNode } from './node.ts';
import { fromEnvironment, fromSettings } from './overrides.ts';
import type { Config } from './schema.ts';

/** Where a configuration comes from, besides the defaults. */
export interface ConfigSources {
  /** `--config`; without it `HEADGATE_CONFIG` in the environment; without either no file is read. */
  readonly file?: string | undefined;
  /** `--set` options, each `path.to.key=value`. */
  readonly settings?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What holds over the file, each over the ones before. */
  readonly over?: readonly Layer[];
}

/**
 * Loads the configuration: defaults, then the file, then the environment, then `--set`, each over the ones before.
 * Throws `config.invalid` whose message has one line for everything that is wrong, each with its place, what was
 * found and what was expected; or `config.unreadable` when the file can't be read.
 */
export function loadConfig(sources: ConfigSources): Config {
  return loadWith(configNode, sources, {
    rules: contradictions,
    bridges: bridgeFaults,
    serial: serialFaults,
    modbus: modbusFaults,
    uplink: uplinkFaults,
    alarms: alarmsFaults,
  }) as Config;
}

/**
 * Finds what is wrong with the value of one key although it keeps to the schema; the value may lack what did not.
 *
 * @param all the values of every key that were given in the same place
 */
type KeyCheck = (value: never, all: never) => readonly OptionProblem[];

/** {@link loadConfig} for any schema, and checks for what a schema can't say, by the key that they are for. */
export function loadWith(
  schema: SchemaNode,
  sources: ConfigSources,
  checks: Readonly<Record<string, KeyCheck>> = {},
): unknown {
  const environment = sources.environment ?? {};
  const file = configFile(sources);
  const layers: Layer[] = [
    ...(file === undefined ? [] : [readConfigFile(file)]),
    ...(sources.over ?? []),
    fromEnvironment(schema, environment),
    fromSettings(schema, sources.settings ?? []),
  ];
  const errors: string[] = [];
  const faults: Fault[] = [];
  let config = defaultsOf(schema);
  for (const layer of layers) {
    const { value, problems } = checkPartial(schema, layer.value);
    const all = [...problems, ...deeperProblems(value as Record<string, unknown>, problems, checks)];
    errors.push(...layer.errors, ...all.map((problem) => `${layer.where(problem)}: ${problem.message}`));
    faults.push(...all.map(({ path, message }) => ({ key: pathText(path), message })));
    config = merge(config, value);
  }
  if (errors.length === 0) errors.push(...missing(schema, config).map((line) => `${file ?? 'configuration'}: ${line}`));
  if (errors.length > 0) throw new HeadgateError('config.invalid', errors.join('\n'), { faults });
  return config;
}

/** What the checks find, but for list items that break the schema: what follows from that would only confuse. */
function deeperProblems(
  value: Readonly<Record<string, unknown>>,
  problems: readonly Problem[],
  checks: Readonly<Record<string, KeyCheck>>,
): Problem[] {
  const placeOf = (path: readonly (string | number)[]) => pathText(path.slice(0, 2));
  const broken = new Set(problems.map(({ path }) => placeOf(path)));
  return Object.entries(checks).flatMap(([key, check]) =>
    (value[key] === undefined ? [] : check(value[key] as never, value as never))
      .map(({ path, message }) => ({ path: [key, ...path], message }))
      .filter(({ path }) => !broken.has(placeOf(path)))
      .map(({ path, message }) => ({ path, at: 'value', message: `\`${pathText(path)}\` ${message}` }) as const),
  );
}

/** The file that is read, if any. */
export function configFile({ file, environment }: ConfigSources): string | undefined {
  // An empty variable is how a service manager says "none".
  return file ?? (environment?.HEADGATE_CONFIG || undefined);
}

const known = new WeakMap<SchemaNode, unknown>();

/** The configuration that nobody touched, a copy of its own. It is worked out once: that is half of the work of loading one. */
export function defaultsOf(schema: SchemaNode): unknown {
  const found = known.get(schema) ?? workedOut(schema);
  known.set(schema, found);
  return structuredClone(found);
}

function workedOut(schema: SchemaNode): unknown {
  let texts: unknown = {};
  for (const { path, node } of leaves(schema)) {
    // A section without defaults is still there, so that code may read `config.gateway.id`.
    texts = merge(texts, nest(path.slice(0, -1), {}));
    if (node.default !== undefined) texts = merge(texts, nest(path, node.default));
  }
  const { value, problems } = checkPartial(schema, texts);
  if (problems.length > 0)
    throw new Error(`a default breaks its own schema: ${problems.map((p) => p.message).join(' ')}`);
  return value;
}

/** Keys without a default that the schema requires and nobody gave. */
function missing(schema: SchemaNode, config: unknown): string[] {
  return [...leaves(schema)].flatMap(({ path, node }) => {
    const parent = nodeAt(schema, path.slice(0, -1));
    const isRequired = node.default === undefined && parent?.required?.includes(path.at(-1) ?? '');
    const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], config);
    return isRequired && value === undefined ? [mustBeGiven(path, node)] : [];
  });
}
