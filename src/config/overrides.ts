import { type Layer, merge, nest } from '../lib/settings/layer.ts';
import { type KeyPath, leaves, nodeAt, pathText, type SchemaNode } from '../lib/settings/schema-node.ts';
import { yaml } from '../lib/settings/yaml.ts';
import { contentOf } from '../lib/settings/yaml-file.ts';
import { closest } from '../lib/spelling.ts';

const prefix = 'HEADGATE_';
/**
 * Variables of ours that are no keys of the configuration: the file's name, whether the version is on trial
 * and what it then holds to, the sick disk and the power cut that tests ask for, and what
 * the project's tests are told by, and hand on to the gateways that they start.
 */
export const reserved: ReadonlySet<string> = new Set([
  'HEADGATE_CONFIG',
  'HEADGATE_TOKEN',
  'HEADGATE_CA',
  'HEADGATE_ON_TRIAL',
  'HEADGATE_HELD_FORMATS',
  'HEADGATE_FAULTS',
  'HEADGATE_CUT',
  'HEADGATE_MACHINE',
  'HEADGATE_LONG',
  'HEADGATE_SEED',
  'HEADGATE_CRASH_ROUNDS',
  'HEADGATE_CASE',
]);

/** The variable that sets a key: `buffer.maxBatchBytes` → `HEADGATE_BUFFER_MAX_BATCH_BYTES`. */
export function variableOf(path: KeyPath): string {
  return prefix + path.map((key) => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_');
}

/** What the environment says. An unknown `HEADGATE_…` is an error, for it was meant to say something. */
export function fromEnvironment(root: SchemaNode, environment: Readonly<Record<string, string | undefined>>): Layer {
  const paths = new Map([...leaves(root)].map(({ path }) => [variableOf(path), path]));
  const errors: string[] = [];
  let value: unknown = {};
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || reserved.has(name) || text === undefined) continue;
    const path = paths.get(name);
    if (path) {
      value = merge(value, nest(path, readValue(nodeAt(root, path), text)));
    } else {
      const meant = closest(name, [...paths.keys(), 'HEADGATE_CONFIG']);
      errors.push(`environment ${name}: There is no such key${meant ? `; did you mean ${meant}?` : '.'}`);
    }
  }
  return {
    value,
    errors,
    where: ({ path }) => `environment ${variableOf(keysBeforeList(path))}`,
  };
}

/** A variable holds a whole list, so what is wrong within an item is wrong with the list's variable. */
function keysBeforeList(path: readonly (string | number)[]): KeyPath {
  const end = path.findIndex((key) => typeof key === 'number');
  return path.slice(0, end < 0 ? path.length : end).map(String);
}

/** What `--set path.to.key=value` options say; of two for the same key the later one counts. */
export function fromSettings(root: SchemaNode, settings: readonly string[]): Layer {
  const errors: string[] = [];
  const seen: { path: KeyPath; setting: string }[] = [];
  let value: unknown = {};
  for (const setting of settings) {
    const [, key, text] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(setting) ?? [];
    if (key === undefined || text === undefined) {
      errors.push(`--set ${setting}: This is not understood; write --set path.to.key=value.`);
      continue;
    }
    const path = key.split('.');
    const node = nodeAt(root, path);
    seen.unshift({ path, setting: node?.secret ? `${key}=***` : setting });
    value = merge(value, nest(path, readValue(node, text)));
  }
  const isWithin = (outer: KeyPath, inner: readonly (string | number)[]) => {
    const length = Math.min(outer.length, inner.length);
    return pathText(outer.slice(0, length)) === pathText(inner.slice(0, length));
  };
  return {
    value,
    errors,
    where: ({ path }) => `--set ${seen.find((one) => isWithin(one.path, path))?.setting ?? pathText(path)}`,
  };
}

/**
 * A text from outside the file as the value that its key takes: as it is where text is expected (a topic may hold `#`
 * and `: `), items between commas where a list of texts or numbers is, and a YAML value elsewhere.
 */
function readValue(node: SchemaNode | undefined, text: string): unknown {
  if (node?.type === 'string') return text;
  if (node?.items && !node.items.properties && !text.trimStart().startsWith('[')) {
    return text.split(',').map((item) => readValue(node.items, item.trim()));
  }
  // Most of what is said here is a number or a switch, and JSON's are YAML's.
  if (/^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?|true|false|null)$/.test(text)) return JSON.parse(text) as unknown;
  const document = yaml().parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  // Broken YAML can only be text that was not meant as YAML: the check against the schema then says what was expected.
  if (document.errors.length > 0) return text;
  const { contents } = document;
  if (yaml().isScalar(contents) && contents.value === null) return null;
  try {
    return contentOf(document);
  } catch {
    // References that lead nowhere are no YAML either.
    return text;
  }
}
