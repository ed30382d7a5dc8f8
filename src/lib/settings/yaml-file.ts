import { readFileSync } from 'node:fs';
import type { Document, Node } from 'yaml';
import { HeadgateError, messageOf } from '../../core/errors.ts';
import type { Layer } from './layer.ts';
import { yaml } from './yaml.ts';
import { plainReason } from './yaml-reasons.ts';

/** Beyond this a file is no configuration: 1 MiB. It keeps a device or a log, named by mistake, out of memory. */
const maxFileBytes = 1024 * 1024;

const readFailures: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
};

/** Reads the configuration file. Throws `config.unreadable`, in one sentence, when it can't be read at all. */
export function readConfigFile(path: string): Layer {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = readFailures[code] ?? messageOf(error);
    throw new HeadgateError('config.unreadable', `The configuration ${path} can't be read: ${reason}.`, {
      cause: error,
    });
  }
  if (bytes.length > maxFileBytes) {
    throw new HeadgateError('config.unreadable', `The configuration ${path} can't be read: it is larger than 1 MiB.`);
  }
  try {
    return parseConfigText(new TextDecoder('utf-8', { fatal: true }).decode(bytes), path);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new HeadgateError('config.unreadable', `The configuration ${path} can't be read: it is not UTF-8 text.`, {
      cause: error,
    });
  }
}

/** Parses the text of a configuration file; `name` stands before line and column in messages. Empty text is fine. */
export function parseConfigText(text: string, name: string): Layer {
  const lines = new (yaml().LineCounter)();
  const document = yaml().parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    stringKeys: true,
  });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const errors = [...document.errors, ...document.warnings].map(
    (error) => `${place(error.pos[0])}: ${plainReason(error.code, error.message)}`,
  );
  let value: unknown = {};
  if (errors.length === 0) {
    try {
      value = contentOf(document) ?? {};
    } catch (error) {
      errors.push(`${place(firstLostAlias(document))}: ${plainReason('BAD_ALIAS', messageOf(error))}`);
    }
  }
  return { value, errors, where: ({ path, at }) => place(offsetOf(document, path, at)) };
}

/** What a text that is no right YAML seems to mean; what can't be told is left out. */
export function guessConfigText(text: string): unknown {
  try {
    const options = { prettyErrors: false, uniqueKeys: false, strict: false, logLevel: 'error' } as const;
    return contentOf(yaml().parseDocument(text.slice(0, maxFileBytes), options)) ?? {};
  } catch {
    // A reference to nothing, say: then nothing is known of it.
    return {};
  }
}

/**
 * What a document says.
 *
 * @throws an Error when a reference names nothing, multiplies itself (the "billion laughs"), or stands within what it refers to: a value
 * that holds itself has no end for whoever walks through it
 */
export function contentOf(document: Document.Parsed): unknown {
  const value: unknown = document.toJS();
  if (holdsItself(value, new Set(), new Set())) throw new Error('A reference stands within what it refers to.');
  return value;
}

function holdsItself(value: unknown, outer: Set<unknown>, seen: Set<unknown>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (outer.has(value)) return true;
  if (seen.has(value)) return false;
  seen.add(value);
  outer.add(value);
  const isFound = Object.values(value).some((one) => holdsItself(one, outer, seen));
  outer.delete(value);
  return isFound;
}

/** Where the first reference stands that names nothing, or itself; the start of the file when each names something. */
function firstLostAlias(document: Document.Parsed): number {
  let offset = 0;
  yaml().visit(document, {
    Alias: (_, alias, path) => {
      const target = alias.resolve(document);
      if (target !== undefined && !path.some((outer) => outer === target)) return undefined;
      offset = startOf(alias) ?? 0;
      return yaml().visit.BREAK;
    },
  });
  return offset;
}

/** Where a key or its value starts; for what stands behind an alias, where the nearest outer key's value starts. */
function offsetOf(document: Document.Parsed, path: readonly (string | number)[], at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(document.contents) ?? 0;
  for (const [index, key] of path.entries()) {
    const isLast = index === path.length - 1;
    if (yaml().isMap(node)) {
      const pair = node.items.find(
        (item) => yaml().isPair(item) && yaml().isScalar(item.key) && item.key.value === key,
      );
      if (!pair) return offset;
      node = pair.value;
      const keyOffset = startOf(pair.key) ?? offset;
      // A key without a value has a node of no length behind its colon; the key says more.
      const isEmpty = yaml().isScalar(node) && node.value === null;
      offset = (isLast && at === 'key') || isEmpty ? keyOffset : (startOf(node) ?? keyOffset);
    } else if (yaml().isSeq(node)) {
      node = node.items[Number(key)];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return yaml().isNode(node) ? (node as Node).range?.[0] : undefined;
}
