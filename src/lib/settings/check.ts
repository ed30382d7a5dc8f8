import { parseBytes, parseDuration } from '../../core/units.ts';
import { closest } from '../spelling.ts';
import { leaves, pathText, type SchemaNode } from './schema-node.ts';

/** One thing that is wrong with a value, without its source's own words for the place. */
export interface Problem {
  readonly path: readonly (string | number)[];
  /** Whether the key itself is wrong, or its value. A source may point at different places for the two. */
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** A value with its texts turned into numbers, without what was wrong with it. */
export interface Checked {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/**
 * Holds what one source says (any part of the configuration, parsed) against the schema. Pure. Everything that is
 * wrong is reported; what is right is returned, with durations in milliseconds and sizes in bytes. Keys that the source
 * does not name stay absent: {@link withDefaults} fills them once all sources are merged.
 *
 * @param whole what all of it is called in messages
 */
export function checkPartial(root: SchemaNode, value: unknown, whole = 'The configuration'): Checked {
  const problems: Problem[] = [];
  const checked = checkNode(root, value, []);
  return { value: checked, problems };

  function checkNode(node: SchemaNode, found: unknown, path: readonly (string | number)[]): unknown {
    if (node.properties || node.additionalProperties) return checkObject(node, found, path);
    if (node.items) return checkList(node, node.items, found, path);
    const result = checkScalar(node, found);
    if (result !== wrong) return result;
    const what = node.secret ? 'is not shown here' : found === null ? 'has no value' : `is ${quote(found)}`;
    problems.push({ path, at: 'value', message: `\`${pathText(path)}\` ${what}, but must be ${expected(node)}.` });
    return undefined;
  }

  function checkObject(node: SchemaNode, given: unknown, path: readonly (string | number)[]): unknown {
    // A section whose keys are all commented out is an empty one.
    const found = given ?? {};
    if (typeof found !== 'object' || Array.isArray(found)) {
      const name = path.length === 0 ? whole : `\`${pathText(path)}\``;
      problems.push({ path, at: 'value', message: `${name} is ${quote(found)}, but must hold ${keysOf(node)}.` });
      return {};
    }
    const result = new Map<string, unknown>();
    for (const [key, child] of Object.entries(found)) {
      const childNode = keyNode(node, key);
      if (childNode) {
        const value = checkNode(childNode, child, [...path, key]);
        if (value !== undefined) result.set(key, value);
      } else {
        problems.push({ path: [...path, key], at: 'key', message: unknownKey(root, node, path, key) });
      }
    }
    if (path.some((key) => typeof key === 'number')) complete(node, found, result, path);
    // fromEntries, unlike an assignment, makes even `__proto__` a key like any other.
    return Object.fromEntries(result);
  }

  /** A list is taken from one source as a whole, so nothing can be added to its items later: they must be complete. */
  function complete(
    node: SchemaNode,
    found: object,
    result: Map<string, unknown>,
    path: readonly (string | number)[],
  ): void {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (Object.hasOwn(found, key)) continue;
      if (child.default !== undefined) result.set(key, checkNode(child, child.default, [...path, key]));
      else if (node.required?.includes(key))
        problems.push({ path, at: 'value', message: mustBeGiven([...path, key], child) });
    }
  }

  function checkList(node: SchemaNode, item: SchemaNode, found: unknown, path: readonly (string | number)[]): unknown {
    if (node.orOne && !Array.isArray(found) && found !== null) {
      const one = checkNode(item, found, path);
      return one === undefined ? undefined : [one];
    }
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = node;
    if (!Array.isArray(found) || found.length < minItems || found.length > maxItems) {
      const what = Array.isArray(found)
        ? `has ${found.length} items`
        : found === null
          ? 'has no value'
          : `is ${quote(found)}`;
      problems.push({ path, at: 'value', message: `\`${pathText(path)}\` ${what}, but must be ${expected(node)}.` });
      return undefined;
    }
    return found.map((entry, index) => checkNode(item, entry, [...path, index]));
  }
}

const wrong = Symbol('wrong');

function checkScalar(node: SchemaNode, found: unknown): unknown {
  if (node.unit) return checkUnit(node, node.unit, found);
  if (node.anyOf) {
    for (const alternative of node.anyOf) {
      const result = checkScalar(alternative, found);
      if (result !== wrong) return result;
    }
    return wrong;
  }
  if (node.const !== undefined) return found === node.const ? found : wrong;
  if (typeof found === 'number') return isNumberRight(node, found) ? found : wrong;
  if (typeof found === 'string') return isTextRight(node, found) ? found : wrong;
  return typeof found === 'boolean' && node.type === 'boolean' ? found : wrong;
}

function checkUnit(node: SchemaNode, unit: 'duration' | 'bytes', found: unknown): unknown {
  const parse = unit === 'duration' ? parseDuration : parseBytes;
  const value = typeof found === 'string' ? parse(found) : found;
  // The limits stand in the alternative for bare numbers, and hold for the text form as well.
  const bare = node.anyOf?.find((alternative) => alternative.type === 'number') ?? { type: 'number', minimum: 0 };
  return typeof value === 'number' && isNumberRight(bare, value) ? value : wrong;
}

function isNumberRight(node: SchemaNode, found: number): boolean {
  if (node.type !== 'number' && node.type !== 'integer') return false;
  if (node.type === 'integer' ? !Number.isSafeInteger(found) : !Number.isFinite(found)) return false;
  return found >= (node.minimum ?? Number.NEGATIVE_INFINITY) && found <= (node.maximum ?? Number.POSITIVE_INFINITY);
}

function isTextRight(node: SchemaNode, found: string): boolean {
  if (node.type !== 'string') return false;
  if (found.length < (node.minLength ?? 0) || found.length > (node.maxLength ?? Number.POSITIVE_INFINITY)) return false;
  return node.pattern === undefined || new RegExp(node.pattern, 'u').test(found);
}

/** What a key takes, in words: `a whole number from 0 to 65535`. */
export function expected(node: SchemaNode): string {
  if (node.unit === 'duration') return 'a duration such as 20s, 1.5h or 30d';
  if (node.unit === 'bytes') return 'a size such as 64KiB or 8MB';
  if (node.anyOf) return listed(node.anyOf.map((one) => (one.const === undefined ? expected(one) : String(one.const))));
  if (node.const !== undefined) return String(node.const);
  if (node.properties || node.additionalProperties) return `a section with ${keysOf(node)}`;
  if (node.items) {
    const least = node.minItems ? `, ${node.minItems} or more of them` : '';
    return `a list, each item ${expected(node.items)}${least}${node.maxItems ? `, at most ${node.maxItems}` : ''}`;
  }
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'integer') return `a whole number${range(node)}`;
  if (node.type === 'number') return `a number${range(node)}`;
  if (node.pattern !== undefined) return `text like ${node.examples?.[0] ?? node.default ?? node.pattern}`;
  if (node.maxLength !== undefined) return `text of ${node.minLength ?? 0} to ${node.maxLength} characters`;
  return node.minLength ? 'text that is not empty' : 'text';
}

function range({ minimum, maximum }: SchemaNode): string {
  if (minimum === undefined) return maximum === undefined ? '' : `, at most ${maximum}`;
  return maximum === undefined ? `, ${minimum} or more` : ` from ${minimum} to ${maximum}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The sentence for a key that has no default and that nobody gave. */
export function mustBeGiven(path: readonly (string | number)[], node: SchemaNode): string {
  return `\`${pathText(path)}\` must be given: ${node.description ?? 'it has no default.'}`;
}

function keyNode(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties && Object.hasOwn(node.properties, key)) return node.properties[key];
  return node.additionalProperties || undefined;
}

/** What a section holds, in words. */
function keysOf({ properties, additionalProperties }: SchemaNode): string {
  const some = Object.keys(properties ?? {}).slice(0, 3);
  if (some.length > 0) return `keys such as ${some.join(', ')}`;
  return `names, each with ${expected(additionalProperties || {})}`;
}

function unknownKey(root: SchemaNode, node: SchemaNode, path: readonly (string | number)[], key: string): string {
  const name = pathText([...path, key]);
  const sibling = closest(key, Object.keys(node.properties!));
  const meant = sibling ? pathText([...path, sibling]) : elsewhere(root, path, key);
  return `There is no key \`${name}\`${meant ? `; did you mean \`${meant}\`?` : '.'}`;
}

/** A key that exists, but in other sections: of the same list item first, then anywhere. */
function elsewhere(root: SchemaNode, path: readonly (string | number)[], key: string): string | undefined {
  const itemEnd = path.findLastIndex((step) => typeof step === 'number') + 1;
  const item = path.slice(0, itemEnd);
  const scopes: [prefix: readonly (string | number)[], node: SchemaNode][] = [
    ...(itemEnd > 0 ? [[item, itemNode(root, item)] as [readonly (string | number)[], SchemaNode]] : []),
    [[], root],
  ];
  for (const [prefix, scope] of scopes) {
    const places = [...leaves(scope)].filter(({ path: keys }) => keys.at(-1) === key);
    if (places.length > 0) return places.map(({ path: keys }) => pathText([...prefix, ...keys])).join('` or `');
  }
  return undefined;
}

function itemNode(root: SchemaNode, path: readonly (string | number)[]): SchemaNode {
  return path.reduce<SchemaNode>(
    (node, key) => (typeof key === 'number' ? node.items : keyNode(node, key)) ?? {},
    root,
  );
}

/** A value for a message: short, on one line, and told apart from other types. */
function quote(value: unknown): string {
  const text =
    typeof value === 'bigint' || typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
