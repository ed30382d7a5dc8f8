import type { Layer } from '../lib/settings/layer.ts';
import { type KeyPath, leaves, pathText, type SchemaNode } from '../lib/settings/schema-node.ts';
import { describeConfig } from './describe.ts';
import { mayShutOut } from './trial-watch.ts';

/** Who says what a key is: nobody, so it has its default; the file; what was set here or by the collector; the environment; `--set`. */
export type KeySource = 'default' | 'file' | 'here' | 'collector' | 'environment' | 'command-line';

/** When a change holds. `either`: some changes at once, others after a restart; `pending` tells which it was. */
export type Takes = 'now' | 'restart' | 'either';

/** All that a form needs to know of one key, beside its schema. */
export interface KeyView {
  /** What holds. Of a secret, and where nobody set anything: null. */
  readonly value: unknown;
  /** Whether it has a value. */
  readonly isSet: boolean;
  readonly source: KeySource;
  /** The place: `/etc/headgate.yaml:3:9`, `environment HEADGATE_HTTP_PORT`; null: nowhere. */
  readonly where: string | null;
  readonly takes: Takes;
  /** What holds after a restart; absent: the same. */
  readonly next?: unknown;
  /** Why it can't be set here; null: it can. */
  readonly locked: string | null;
  /** Once changed, the dashboard may be out of reach: the change is taken back unless it is confirmed. */
  readonly mayShutOut: boolean;
}

/** What a source of configuration says, and how it is called. */
export interface NamedLayer {
  readonly source: KeySource;
  readonly layer: Layer;
}

export interface KeysInput {
  /** What holds. */
  readonly now: unknown;
  /** What holds after a restart. */
  readonly next: unknown;
  /** Keys whose change waits for that. */
  readonly pending: readonly string[];
  /** Each over the ones before. */
  readonly layers: readonly NamedLayer[];
  /** Why none can be set here; undefined: some can. */
  readonly locked: string | undefined;
}

const takesNow: ReadonlySet<string> = new Set(['rules', 'log.level']);
const takesEither: ReadonlySet<string> = new Set(['serial.ports']);

/** Why a key can't be set here, as the end of a sentence that its name begins; undefined: it can. */
export function lockOf(path: KeyPath, layers: readonly NamedLayer[]): string | undefined {
  if (pathText(path) === 'dataDir') return 'what is set here is kept in it. It has to be changed in the file.';
  const over = layers.findLast(({ source, layer }) => isPinning(source) && valueAt(layer.value, path) !== undefined);
  if (over === undefined) return undefined;
  const place = over.layer.where({ path, at: 'key' });
  return `${place} says what it is, which holds over everything else.`;
}

/** Every key, by its name, in the schema's order. */
export function keyViews(schema: SchemaNode, input: KeysInput): Readonly<Record<string, KeyView>> {
  return Object.fromEntries([...leaves(schema)].map(({ path, node }) => [pathText(path), keyView(path, node, input)]));
}

function keyView(path: KeyPath, node: SchemaNode, { now, next, pending, layers, locked }: KeysInput): KeyView {
  const key = pathText(path);
  const value = valueAt(now, path);
  const from = layers.findLast(({ layer }) => valueAt(layer.value, path) !== undefined);
  const shown = (one: unknown): unknown => (node.secret === true ? null : (describeConfig(node, one) ?? null));
  return {
    value: shown(value),
    isSet: value !== undefined && value !== '',
    source: from?.source ?? 'default',
    where: from?.layer.where({ path, at: 'key' }) ?? null,
    takes: takesNow.has(key) ? 'now' : takesEither.has(key) ? 'either' : 'restart',
    ...(pending.includes(key) && { next: shown(valueAt(next, path)) }),
    locked: locked ?? lockOf(path, layers) ?? null,
    mayShutOut: mayShutOut(key),
  };
}

function isPinning(source: KeySource): boolean {
  return source === 'environment' || source === 'command-line';
}

export function valueAt(from: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    from,
  );
}

/** The schema with what a form shows: a title of each section and key, the choices of one that has some, and its section's name. */
export function formSchema(node: SchemaNode): object {
  return forForm(node, undefined, undefined);
}

function forForm(node: SchemaNode, key: string | undefined, group: string | undefined): object {
  const { properties, anyOf } = node;
  const choices = anyOf?.map((one) => one.const);
  return {
    ...(key !== undefined && { title: titleOf(key) }),
    ...(group !== undefined && { group }),
    ...node,
    ...(choices !== undefined && !choices.includes(undefined) && { enum: choices }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, forForm(child, name, group ?? name)]),
      ),
    }),
    ...(node.items !== undefined && { items: forForm(node.items, undefined, undefined) }),
  };
}

/** What is written in another way within a title. */
const spelled: Readonly<Record<string, string>> = {
  ...{ mqtt: 'MQTT', http: 'HTTP', grpc: 'gRPC', tls: 'TLS', url: 'URL', id: 'Id', ca: 'CA', nats: 'NATS' },
  ...{ qos: 'QoS', ttl: 'TTL' },
};

/** `maxLiveConnections` is "Max live connections", `mqtt` "MQTT". */
function titleOf(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`);
  const title = words
    .split(' ')
    .map((word) => (Object.hasOwn(spelled, word) ? spelled[word] : word))
    .join(' ');
  return Object.hasOwn(spelled, key) ? title : title.charAt(0).toUpperCase() + title.slice(1);
}
