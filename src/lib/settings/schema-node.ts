/**
 * The part of JSON Schema that the configuration uses, plus keywords of our own: `unit` (the text form of a number),
 * `secret` (never shown) and `orOne` (a list of one without its brackets). A keyword that is not listed here would be
 * ignored in silence, so a test holds the schema against {@link knownKeywords}.
 */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly unit?: 'duration' | 'bytes';
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  /** What the keys hold that `properties` does not name; false: there can be none. */
  readonly additionalProperties?: false | SchemaNode;
  readonly items?: SchemaNode;
  /** Of a list: an item that is not a list may stand for a list of one. */
  readonly orOne?: boolean;
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export const knownKeywords: ReadonlySet<string> = new Set([
  'type',
  'description',
  'default',
  'examples',
  'unit',
  'secret',
  'orOne',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'const',
  'minimum',
  'maximum',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
] satisfies (keyof SchemaNode)[]);

/** Names of keys from the root: `['mqtt', 'port']`. */
export type KeyPath = readonly string[];

/** `mqtt.port`; list items in brackets: `decode.deviceTopics[0]`. The root is the empty text. */
export function pathText(path: readonly (string | number)[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}

/** Every key that holds a value, with its path, in the schema's order. */
export function* leaves(node: SchemaNode, path: KeyPath = []): Generator<{ path: KeyPath; node: SchemaNode }> {
  if (!node.properties) {
    yield { path, node };
    return;
  }
  for (const [key, child] of Object.entries(node.properties)) yield* leaves(child, [...path, key]);
}

/** The schema at a path, undefined where there is none. */
export function nodeAt(root: SchemaNode, path: KeyPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const key of path) {
    node = node.properties && Object.hasOwn(node.properties, key) ? node.properties[key] : undefined;
    if (!node) return undefined;
  }
  return node;
}
