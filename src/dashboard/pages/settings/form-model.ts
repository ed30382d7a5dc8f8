// What the form of the configuration is made of: worked out from its schema alone, so that a new key has its place by itself.

/** JSON Schema as `GET /api/v1/config/schema` has it, as far as a form needs it. */
export interface SchemaNode {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly unit?: 'duration' | 'bytes';
  readonly secret?: boolean;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
}

/** By what a value is shown and changed. */
export type Control =
  /** On or off. */
  | 'switch'
  /** One of a few. */
  | 'choice'
  | 'number'
  /** A time: `20s`. */
  | 'duration'
  /** A size: `8MiB`. */
  | 'bytes'
  | 'secret'
  | 'text'
  /** Texts, one a line. */
  | 'lines'
  /** Numbers by name, `name: number`, one a line. */
  | 'numbers'
  /** Any number of the same. */
  | 'list'
  /** Several values together. */
  | 'section';

export function controlOf(node: SchemaNode): Control {
  if (node.properties !== undefined) return 'section';
  if (node.secret === true) return 'secret';
  if (node.unit !== undefined) return node.unit;
  if (node.enum !== undefined || node.anyOf?.every((one) => one.const !== undefined)) return 'choice';
  if (node.const !== undefined) return 'choice';
  switch (node.type) {
    case 'boolean':
      return 'switch';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return node.items?.properties === undefined ? 'lines' : 'list';
    case 'object':
      return 'numbers';
    default:
      return 'text';
  }
}

/** What a `choice` may be. */
export function choicesOf(node: SchemaNode): readonly unknown[] {
  if (node.const !== undefined) return [node.const];
  return node.enum ?? node.anyOf?.map((one) => one.const) ?? [];
}

/** One key of the configuration. */
export interface FormKey {
  /** `http.tls.port`. */
  readonly key: string;
  /** What it is called in its part: `TLS: Port`. */
  readonly label: string;
  readonly node: SchemaNode;
}

/** The keys of one part of the gateway. */
export interface FormGroup {
  readonly name: string;
  readonly title: string;
  readonly keys: readonly FormKey[];
}

/** Keys that have a page of their own. */
export const elsewhere: Readonly<Record<string, string>> = { rules: 'rules' };

/** Every key that a form has, by part, in the schema's order; what stands by itself comes first. */
export function groupsOf(schema: SchemaNode): FormGroup[] {
  const alone: FormKey[] = [];
  const groups: FormGroup[] = [];
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(elsewhere, name)) continue;
    const keys = [...keysOf(node, name, [])];
    if (node.properties === undefined && controlOf(node) !== 'list') alone.push(...keys);
    else groups.push({ name, title: node.title ?? name, keys });
  }
  return alone.length === 0 ? groups : [{ name: '', title: '', keys: alone }, ...groups];
}

function* keysOf(node: SchemaNode, key: string, titles: readonly string[]): Generator<FormKey> {
  if (node.properties === undefined) yield { key, label: titles.join(': ') || (node.title ?? key), node };
  else
    for (const [name, child] of Object.entries(node.properties))
      yield* keysOf(child, `${key}.${name}`, [...titles, child.title ?? name]);
}

/** Whether a key is what somebody looks for: every word is in its name, title or description. */
export function isMatch({ key, label, node }: FormKey, words: string): boolean {
  const text = `${key} ${label} ${node.description ?? ''}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const times = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
const sizes = { GiB: 2 ** 30, GB: 1e9, MiB: 2 ** 20, MB: 1e6, KiB: 2 ** 10, KB: 1e3 };

/** A value as it is written: `30d`, `8MiB`, in the largest unit that says it with a whole number. */
export function textOf(node: SchemaNode, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' && node.unit === 'duration') return inUnits(value, times, 'ms');
  if (typeof value === 'number' && node.unit === 'bytes') return inUnits(value, sizes, 'B');
  if (Array.isArray(value)) return value.join('\n');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, one]) => `${name}: ${one}`)
      .join('\n');
  return String(value);
}

function inUnits(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  if (value === 0) return `0${smallest === 'ms' ? 's' : smallest}`;
  const found = Object.entries(units).find(([, size]) => value >= size && value % size === 0);
  return found === undefined ? `${value}${smallest}` : `${value / found[1]}${found[0]}`;
}

/**
 * What somebody wrote, as a value. Whether it is right the gateway says: a number that is none stays a text.
 *
 * @returns undefined for nothing
 */
export function valueFrom(node: SchemaNode, text: string): unknown {
  const trimmed = text.trim();
  switch (controlOf(node)) {
    case 'lines': {
      const lines = text.split('\n').map((line) => line.trim());
      return lines.filter((line) => line !== '').map((line) => (node.items?.type === 'string' ? line : scalarOf(line)));
    }
    case 'numbers':
      return trimmed === '' ? undefined : numbersOf(trimmed);
    case 'number':
      return trimmed === '' ? undefined : numberOf(trimmed);
    case 'choice':
      return choicesOf(node).find((one) => String(one) === text);
    default:
      return trimmed === '' ? undefined : trimmed;
  }
}

function numberOf(text: string): number | string {
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function scalarOf(text: string): unknown {
  return text === 'true' ? true : text === 'false' ? false : numberOf(text);
}

function numbersOf(text: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    text.split('\n').map((line) => {
      const colon = line.lastIndexOf(':');
      return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), numberOf(line.slice(colon + 1).trim())];
    }),
  );
}

/** Drafts by key as a patch: `{ 'http.port': 80 }` is `{ http: { port: 80 } }`. */
export function patchOf(drafts: ReadonlyMap<string, unknown>): object {
  const patch: Record<string, unknown> = Object.create(null);
  for (const [key, value] of drafts) {
    const path = key.split('.');
    let at = patch;
    for (const name of path.slice(0, -1)) {
      at[name] ??= Object.create(null);
      at = at[name] as Record<string, unknown>;
    }
    at[path.at(-1)!] = value ?? null;
  }
  return patch;
}

/** Parts of a description: what stands between backticks is code. */
export function partsOf(text: string): readonly { readonly text: string; readonly isCode: boolean }[] {
  return text
    .split('`')
    .map((part, index) => ({ text: part, isCode: index % 2 === 1 }))
    .filter((part) => part.text !== '');
}

/** Where the dashboard is after a restart, when that is another place. @param here where it is now */
export function addressAfter(
  keys: Readonly<Record<string, { readonly next?: unknown }>>,
  here: { readonly protocol: string; readonly hostname: string; readonly port: string },
): string | undefined {
  const next = (key: string): unknown => keys[key]?.next;
  const port = next('http.port');
  const isTls = next('http.tls.enabled');
  if (typeof port !== 'number' && typeof isTls !== 'boolean') return undefined;
  const protocol = typeof isTls === 'boolean' ? (isTls ? 'https:' : 'http:') : here.protocol;
  const after = typeof port === 'number' ? String(port) : here.port;
  return `${protocol}//${here.hostname}${after === '' ? '' : `:${after}`}/#/settings/configuration`;
}

/** Whether a fault's key is this one or in it. */
export function isUnder(fault: string, key: string): boolean {
  return fault === key || fault.startsWith(`${key}.`) || fault.startsWith(`${key}[`);
}
