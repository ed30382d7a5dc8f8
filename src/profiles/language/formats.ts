import { RE2JS } from 're2js';
import type { FieldValue } from '../../core/measurement.ts';
import { lazy } from '../../lib/lazy.ts';
import { createBinaryReader } from '../binary/binary.ts';
import type { BinaryValueOptions, NumberType } from '../binary/options.ts';
import { readCbor } from '../codecs/cbor/cbor-reader.ts';
import { parseJson, signedNumberLike, textOf } from '../json.ts';
import type { MessageOptions } from './options.ts';
import type { Tree } from './tree-path.ts';
import { isBytesWriting, writtenBytes } from './written-bytes.ts';

/** What a payload holds: one tree for each measurement in it. */
export interface Trees {
  readonly trees: readonly Tree[];
  /** Something in it could not be read. */
  readonly isPartial?: true;
}
/** The same, or why it can't be read. */
export type Read = Trees | { readonly failure: string };
export type Reader = (payload: Uint8Array) => Read;

const maxLines = 1_000;
/** In one line. */
const maxCells = 1_000;

/** The reader of a message's format. */
export function readerOf(options: MessageOptions): Reader {
  const decode = options.encoding === 'latin-1' ? latin1Of : textOf;
  switch (options.decode ?? 'json') {
    case 'json':
      return jsonReader;
    case 'jsonlines':
      return (payload) => linesOf(textOf(payload), parseJson);
    case 'value':
      return valueReader;
    case 'columns':
      return columnsReader(decode, options.separator, options.columns ?? []);
    case 'keyvalue':
      return options.pattern === undefined
        ? keyValueReader(decode, options.separator ?? ',', options.assign ?? '=')
        : pairReader(decode, options.pattern);
    case 'text':
      return patternReader(decode, options.pattern ?? '');
    case 'binary':
      return bytesReader(options, binaryReader(options));
    case 'cbor':
      return bytesReader(options, cborReader);
  }
}

/** One for all, so that a payload which several messages may be of is read once. */
const jsonReader: Reader = (payload) => oneOf(textOf(payload), parseJson);
const valueReader: Reader = (payload) => oneOf(textOf(payload), bareValue);

const notText = 'its payload is not UTF-8 text';

type TextOf = (payload: Uint8Array) => string | undefined;

function latin1Of(payload: Uint8Array): string {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
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

/** A number, `true`, `false`, or text. */
function bareValue(text: string): Tree {
  const trimmed = text.trim();
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return signedNumberLike(trimmed) ?? trimmed;
}

/** What stands between a line's columns where the profile does not say: a comma, or where there is none, a semicolon or a tab. */
function separatorOf(line: string): string {
  return [',', ';', '\t'].find((mark) => line.includes(mark)) ?? ',';
}

function columnsReader(decode: TextOf, separator: string | undefined, names: readonly string[]): Reader {
  return (payload) => {
    const text = decode(payload);
    if (text === undefined) return { failure: notText };
    let { lines, isCut } = linesIn(text);
    const trees = lines.map((line) => {
      const cells = line.split(separator ?? separatorOf(line), maxCells + 1);
      if (cells.length > maxCells) {
        isCut = true;
        cells.pop();
      }
      return new Map(cells.map((cell, index) => [names[index] ?? String(index), bareValue(cell)]));
    });
    return trees.length === 0 ? { failure: 'its payload has no line' } : treesOf(trees, isCut);
  };
}

function keyValueReader(decode: TextOf, separator: string, assign: string): Reader {
  const isWhole = separator.includes('\n');
  return (payload) => {
    const text = decode(payload);
    if (text === undefined) return { failure: notText };
    const trees: Map<string, Tree>[] = [];
    let { lines, isCut } = isWhole ? { lines: [text], isCut: false } : linesIn(text);
    for (const line of lines) {
      const tree = new Map<string, Tree>();
      const pairs = line.split(separator, maxCells + 1);
      if (pairs.length > maxCells) {
        isCut = true;
        pairs.pop();
      }
      for (const pair of pairs) {
        const at = pair.indexOf(assign);
        if (at > 0) tree.set(pair.slice(0, at).trim(), bareValue(pair.slice(at + assign.length)));
      }
      if (tree.size > 0) trees.push(tree);
    }
    return trees.length === 0
      ? { failure: `it has no line of KEY${assign}VALUE: ${shown(text)}` }
      : treesOf(trees, isCut);
  };
}

/** Where the bytes of a message are written as text, what reads that first. */
function bytesReader({ encoding, pattern }: MessageOptions, read: Reader): Reader {
  if (!isBytesWriting(encoding)) return read;
  const bytesIn = writtenBytes(encoding, pattern);
  return (payload) => {
    const bytes = bytesIn(payload);
    if (bytes !== undefined) return read(bytes);
    return { failure: `it has no bytes written in ${encoding} where the profile says so: ${shown(latin1Of(payload))}` };
  };
}

/** How deep CBOR may be before it is mapped: what is mapped has limits of its own. */
const cborLimits = { maxDepth: 32, maxFields: 5_000 };
const cborReader: Reader = (payload) => {
  const result = readCbor(payload, cborLimits);
  return result.kind === 'failed'
    ? { failure: `its payload is no CBOR: ${result.failure}` }
    : { trees: [result.value] };
};

/** The values of a frame by the names of their fields; what several fields could say, the first one says. */
function binaryReader({ fields = [], order }: MessageOptions): Reader {
  const readers = fields.map((field) => ({
    name: field.path ?? field.name ?? '',
    read: createBinaryReader({
      at: field.at ?? 0,
      type: binaryType(field.type),
      ...(field.order === undefined ? order !== undefined && { order } : { order: field.order }),
      ...(field.length !== undefined && { length: field.length }),
      ...(field.mask !== undefined && { mask: field.mask }),
      ...(field.when !== undefined && { when: field.when as NonNullable<BinaryValueOptions['when']> }),
    }),
  }));
  return (payload) => {
    const tree = new Map<string, FieldValue>();
    for (const { name, read } of readers) {
      if (tree.has(name)) continue;
      const found = read(payload);
      if (found.kind === 'failed') return { failure: `${name} can't be read: ${found.failure}` };
      if (found.kind === 'value') tree.set(name, found.value);
    }
    return { trees: [tree] };
  };
}

function binaryType(type: string | undefined): NumberType {
  return type === undefined || ['number', 'integer', 'boolean'].includes(type) ? 'uint8' : (type as NumberType);
}

/** Pairs by an expression with the groups `key` and `value`. */
function pairReader(decode: TextOf, pattern: string): Reader {
  const compiled = lazy(() => RE2JS.compile(pattern));
  return (payload) => {
    const text = decode(payload);
    if (text === undefined) return { failure: notText };
    const matcher = compiled().matcher(text);
    const tree = new Map<string, Tree>();
    let isCut = false;
    for (let found = 0; matcher.find(); found++) {
      isCut = found === maxLines;
      if (isCut) break;
      tree.set((matcher.group('key') ?? '').trim(), bareValue(matcher.group('value') ?? ''));
    }
    return tree.size === 0
      ? { failure: `it does not match the profile's pattern: ${shown(text)}` }
      : treesOf([tree], isCut);
  };
}

/** RE2, because no text can make it slow, whatever the expression is. */
function patternReader(decode: TextOf, pattern: string): Reader {
  const compiled = lazy(() => {
    const expression = RE2JS.compile(pattern);
    return { expression, names: Object.keys(expression.namedGroups()) };
  });
  return (payload) => {
    const text = decode(payload);
    if (text === undefined) return { failure: notText };
    const { expression, names } = compiled();
    const matcher = expression.matcher(text);
    const trees: Map<string, Tree>[] = [];
    let isCut = false;
    while (matcher.find()) {
      isCut = trees.length === maxLines;
      if (isCut) break;
      const groups = names.flatMap((name): [string, Tree][] => {
        const found = matcher.group(name);
        return found === null || found === undefined ? [] : [[name, bareValue(found)]];
      });
      trees.push(new Map(groups));
    }
    return trees.length === 0
      ? { failure: `it does not match the profile's pattern: ${shown(text)}` }
      : treesOf(trees, isCut);
  };
}

/** The lines of a text that have something on them. `isCut`: there are more than are read. */
function linesIn(text: string): { lines: string[]; isCut: boolean } {
  const all = text.split(/\r\n|\n|\r/, maxLines + 2).map((line) => line.trim());
  const [next = '', ...others] = all.splice(maxLines);
  return { lines: all.filter((line) => line !== ''), isCut: next !== '' || others.length > 0 };
}

/** @param isCut there was more in the payload than is read: it is then kept */
function treesOf(trees: readonly Tree[], isCut: boolean): Trees {
  return isCut ? { trees, isPartial: true } : { trees };
}

/** The start of a payload, for a sentence. */
function shown(text: string): string {
  const start = JSON.stringify(text.slice(0, 40));
  return text.length > 40 ? `${start} …` : start;
}
