import { stringify } from 'yaml';
import { type KeyPath, pathText, type SchemaNode } from '../lib/settings/schema-node.ts';

const width = 100;

const heading = [
  "Headgate's configuration. Every key stands here with its default: take away the # before a key to change it.",
  'Anything can also be said on the command line, --set mqtt.port=1884, or by the environment, HEADGATE_MQTT_PORT=1884.',
  'Durations are written 250ms, 20s, 1.5h or 30d; sizes 512B, 64KiB, 8MB or 2GB.',
  '`headgate check --config FILE` tells whether a file is right.',
].join(' ');

/**
 * The commented example file for a schema. Prose starts with `# `, a key that may be switched on with a bare `#`, and
 * sections stand uncommented, so that one # taken away is all it needs. A key without a default is shown as prose.
 */
export function exampleConfig(schema: SchemaNode): string {
  return [...prose(heading, ''), ...section(schema, '')].join('\n').concat('\n');
}

function* section(node: SchemaNode, indent: string): Generator<string> {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    yield '';
    yield* prose(child.description ?? '', indent);
    if (child.properties) {
      yield `${indent}${key}:`;
      yield* withoutFirst(section(child, `${indent}  `));
    } else if (child.items?.properties) {
      yield* sections(key, child, indent);
    } else if (child.default !== undefined) {
      yield* assignment(key, child.default).map((line) => `${indent}#${line}`);
    } else {
      yield* prose('For example:', indent);
      yield* assignment(key, child.examples?.[0] ?? exampleOf(child)).map((line) => `${indent}# ${line}`);
    }
  }
}

/** A list of sections: what each may hold, an example as prose, and the default. */
function* sections(key: string, list: SchemaNode, indent: string): Generator<string> {
  for (const [path, node] of everyKey(list.items ?? {}))
    yield* prose(`\`${pathText(path)}\`: ${node.description ?? ''}`, indent, '  ');
  if (list.examples?.[0] !== undefined) {
    yield* prose('For example:', indent);
    yield* assignment(key, list.examples[0]).map((line) => `${indent}# ${line}`);
  }
  yield* assignment(key, list.default).map((line) => `${indent}#${line}`);
}

function* everyKey(node: SchemaNode, path: KeyPath = []): Generator<[path: KeyPath, node: SchemaNode]> {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    yield [[...path, key], child];
    yield* everyKey(child, [...path, key]);
  }
}

function exampleOf(node: SchemaNode): unknown {
  return node.type === 'boolean' ? true : node.type === 'integer' || node.type === 'number' ? (node.minimum ?? 1) : '…';
}

function assignment(key: string, value: unknown): string[] {
  // A list of words on one line, so that one comment mark is all there is to take away.
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
    return [`${key}: ${stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()}`];
  }
  return stringify({ [key]: value }, { lineWidth: 0 })
    .trimEnd()
    .split('\n');
}

/** A section's first key follows its heading without an empty line. */
function* withoutFirst(lines: Iterable<string>): Generator<string> {
  let isFirst = true;
  for (const line of lines) {
    if (!isFirst) yield line;
    isFirst = false;
  }
}

/** A text as comment lines; `hang` stands before each line but the first. */
function prose(text: string, indent: string, hang = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((one) => one !== '')) {
    if (line && indent.length + 2 + line.length + 1 + word.length > width) {
      lines.push(line);
      line = hang + word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  return [...lines, ...(line ? [line] : [])].map((one) => `${indent}# ${one}`);
}
