import { isUtf8 } from 'node:buffer';
import { RE2JS } from 're2js';
import type { MessageOptions } from './options.ts';
import type { Tree } from './tree-path.ts';
import { numberIn } from './value.ts';

/** What a payload holds: one tree for each measurement in it, or why it can't be read. */
export type Read = { readonly trees: readonly Tree[] } | { readonly failure: string };
export type Reader = (payload: Uint8Array) => Read;

const maxLines = 1_000;

/** The reader of a message's format; undefined for formats that are no tree. */
export function readerOf(options: MessageOptions): Reader | undefined {
  switch (options.decode ?? 'json') {
    case 'json':
      return jsonReader;
    case 'jsonlines':
      return (payload) => linesOf(textOf(payload), readJson);
    case 'value':
      return valueReader;
    case 'columns':
      return columnsReader(options.separator ?? ',', options.columns ?? []);
    case 'keyvalue':
      return keyValueReader(options.separator ?? ',', options.assign ?? '=');
    case 'text':
      return patternReader(options.pattern ?? '');
    default:
      return undefined;
  }
}

/** One for all, so that a payload which several messages may be of is read once. */
const jsonReader: Reader = (payload) => oneOf(textOf(payload), readJson);
const valueReader: Reader = (payload) => oneOf(textOf(payload), bareValue);

const notText = 'its payload is not UTF-8 text';

/** The payload as text; undefined when it is none. */
export function textOf(payload: Uint8Array): string | undefined {
  if (!isUtf8(payload)) return undefined;
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}

function oneOf(text: string | undefined, read: (text: string) => Tree): Read {
  if (text === undefined) return { failure: notText };
  const tree = read(text);
  return tree === undefined ? { failure: `its payload is no JSON: ${shown(text)}` } : { trees: [tree] };
}

function linesOf(text: string | undefined, read: (text: string) => Tree): Read {
  if (text === undefined) return { failure: notText };
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > maxLines) return { failure: `it has ${lines.length} lines, more than ${maxLines}` };
  const trees: Tree[] = [];
  for (const [index, line] of lines.entries()) {
    const tree = read(line);
    if (tree === undefined) return { failure: `line ${index + 1} is no JSON: ${shown(line)}` };
    trees.push(tree);
  }
  return { trees };
}

const nearlyUnsafe = /\d{16}/;

/** JSON, with whole numbers beyond 2^53 as bigint; undefined when it is none. */
export function readJson(text: string): Tree {
  try {
    // A reviver makes it several times slower: only where digits stand that a double could not hold.
    return nearlyUnsafe.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
  } catch {
    // Not JSON, or nested so deep that the parser gave up: the caller says so.
    return undefined;
  }
}

/** Longer numbers are rounded: to read one takes time with the square of its length. */
const maxDigits = 400;

function exact(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return source.length <= maxDigits && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** A number, `true`, `false`, or text. */
function bareValue(text: string): Tree {
  const trimmed = text.trim();
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return numberIn(trimmed) ?? trimmed;
}

function columnsReader(separator: string, names: readonly string[]): Reader {
  return (payload) => {
    const text = textOf(payload);
    if (text === undefined) return { failure: notText };
    const trees = linesIn(text).map((line) => {
      const cells = line.split(separator, 1_000).map((cell) => bareValue(cell));
      return new Map(cells.map((cell, index) => [names[index] ?? String(index), cell]));
    });
    return trees.length === 0 ? { failure: 'its payload has no line' } : { trees };
  };
}

function keyValueReader(separator: string, assign: string): Reader {
  return (payload) => {
    const text = textOf(payload);
    if (text === undefined) return { failure: notText };
    const trees: Map<string, Tree>[] = [];
    for (const line of linesIn(text)) {
      const tree = new Map<string, Tree>();
      for (const pair of line.split(separator, 1_000)) {
        const at = pair.indexOf(assign);
        if (at > 0) tree.set(pair.slice(0, at).trim(), bareValue(pair.slice(at + assign.length)));
      }
      if (tree.size > 0) trees.push(tree);
    }
    return trees.length === 0 ? { failure: `it has no line of KEY${assign}VALUE: ${shown(text)}` } : { trees };
  };
}

/** RE2, because no text can make it slow, whatever the expression is. */
function patternReader(pattern: string): Reader {
  const compiled = RE2JS.compile(pattern);
  const names = Object.keys(compiled.namedGroups());
  return (payload) => {
    const text = textOf(payload);
    if (text === undefined) return { failure: notText };
    const matcher = compiled.matcher(text);
    const trees: Map<string, Tree>[] = [];
    while (trees.length < maxLines && matcher.find()) {
      const groups = names.flatMap((name): [string, Tree][] => {
        const found = matcher.group(name);
        return found === null || found === undefined ? [] : [[name, bareValue(found)]];
      });
      trees.push(new Map(groups));
    }
    return trees.length === 0 ? { failure: `it does not match the profile's pattern: ${shown(text)}` } : { trees };
  };
}

function linesIn(text: string): string[] {
  return text
    .split(/\r\n|\n|\r/, maxLines)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The start of a payload, for a sentence. */
function shown(text: string): string {
  const start = JSON.stringify(text.slice(0, 40));
  return text.length > 40 ? `${start} …` : start;
}
