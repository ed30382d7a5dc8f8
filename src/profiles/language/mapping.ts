import type { Attribute } from '../../core/device.ts';
import { unitOf } from '../../core/measure-units.ts';
import type { Field, FieldValue, Values } from '../../core/measurement.ts';
import type { Hint, Limits } from '../codec.ts';
import type { CompiledField, CompiledMessage } from './compiled.ts';
import { readTime } from './time.ts';
import { type Tree, valueAt } from './tree-path.ts';
import { absent, applyRule, type Outcome, splitSuffix, unfit } from './value.ts';

/** What one tree says. */
export interface Mapped extends Values {
  /** Something that happened is in it. */
  readonly hasEvents: boolean;
  /** A value could not be what it should be: the payload is worth keeping. */
  readonly isComplete: boolean;
  /** It is deeper or has more fields than allowed: there are none then. */
  readonly isTooLarge: boolean;
}

/** What becomes of the value at one path. */
type Plan =
  | { readonly kind: 'drop' | 'event' }
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly unit: string | undefined;
      readonly field: CompiledField | undefined;
      readonly isNamed: boolean;
    };

const drop: Plan = { kind: 'drop' };
const event: Plan = { kind: 'event' };
const maxPlans = 2_000;
/** Longer paths are worked out anew each time: they come from outside, and would fill memory. */
const maxKeptPath = 256;
/** No field has a longer name. */
const maxName = 1_000;

/** Turns trees of one message and topic into fields. What becomes of a path is worked out once. */
export class Mapping {
  readonly #message: CompiledMessage;
  readonly #captures: ReadonlyMap<string, string>;
  readonly #plans = new Map<string, Plan>();
  readonly #prefix: string;
  readonly #bare: string;
  /** What is known from elsewhere, by path in the payload. */
  #hints: ReadonlyMap<string, Hint> | undefined;
  // Of the tree that is being walked.
  #tree: Tree;
  #fields: Field[] = [];
  #hasEvents = false;
  #isComplete = true;
  #isTooLarge = false;
  #maxDepth = 0;
  #maxFields = 0;

  constructor(message: CompiledMessage, captures: ReadonlyMap<string, string>) {
    this.#message = message;
    this.#captures = captures;
    this.#prefix = fill(message.prefix, captures);
    this.#bare = message.as === '' ? 'value' : fill(message.as, captures);
  }

  /** Something was learnt of the topic's values, or is not known any more: what becomes of them is worked out anew. */
  learn(hints: ReadonlyMap<string, Hint> | undefined): void {
    if (hints === undefined && this.#hints === undefined) return;
    this.#hints = hints;
    this.#plans.clear();
  }

  /** @param item what holds the values; `tree` or a part of it */
  map(tree: Tree, item: Tree, limits: Limits): Mapped {
    this.#tree = item;
    this.#fields = [];
    this.#hasEvents = false;
    this.#isComplete = true;
    this.#isTooLarge = false;
    this.#maxDepth = limits.maxDepth;
    this.#maxFields = limits.maxFields;
    for (const [root, prefix] of this.#message.roots) {
      const values = root === '' ? item : valueAt(item, root);
      if (typeof values === 'object' && values !== null && !(values instanceof Uint8Array)) {
        this.#walk(values, this.#prefix + prefix, 1);
      } else if (values !== undefined && values !== null)
        this.#leaf(this.#prefix + (prefix || this.#bare), values as FieldValue);
    }
    const { time } = this.#message;
    if (time === undefined) return this.#result(undefined);
    for (const path of time.path) {
      const instant = readTime(valueAt(item, path) ?? valueAt(tree, path), time.format, time.zone);
      if (instant !== undefined) return this.#result(instant);
    }
    return this.#result(undefined);
  }

  #result(time: Values | { timeMs: number; timeNanos?: number } | undefined): Mapped {
    return {
      ...time,
      fields: this.#isTooLarge ? [] : this.#fields,
      hasEvents: this.#hasEvents,
      isComplete: this.#isComplete,
      isTooLarge: this.#isTooLarge,
    };
  }

  #walk(node: object, prefix: string, depth: number): void {
    if (depth > this.#maxDepth) this.#isTooLarge = true;
    if (node instanceof Map) {
      for (const [key, value] of node) {
        if (this.#isTooLarge) return;
        this.#value(`${prefix}${String(key)}`, value, depth);
      }
      return;
    }
    for (const key in node) {
      if (this.#isTooLarge) return;
      this.#value(prefix + key, (node as Readonly<Record<string, unknown>>)[key], depth);
    }
  }

  #value(path: string, value: unknown, depth: number): void {
    if (value === null || value === undefined) return;
    if (typeof value === 'object' && !(value instanceof Uint8Array)) this.#walk(value, `${path}.`, depth + 1);
    else this.#leaf(path, value as FieldValue);
  }

  #leaf(path: string, value: FieldValue): void {
    if (path.length > maxName) {
      this.#isComplete = false;
      return;
    }
    const plan = this.#plans.get(path) ?? this.#planned(path);
    if (plan.kind !== 'field') {
      if (plan.kind === 'event') this.#hasEvents = true;
      return;
    }
    const { name, field, isNamed } = plan;
    let { unit } = plan;
    let outcome: Outcome = value;
    if (field !== undefined) {
      if (field.when !== undefined && !this.#holds(field)) return;
      if (field.suffix !== undefined && typeof value === 'string') {
        const split = splitSuffix(value);
        const meant = split && field.suffix.get(split.suffix);
        if (split === undefined || meant === undefined) return;
        outcome = split.number;
        unit = meant;
      }
      // A range is one of the field's own unit.
      const rule = unit === plan.unit ? field.rule : { ...field.rule, range: undefined };
      if (!field.isPlain) outcome = applyRule(outcome, rule);
      if (field.unitFrom !== undefined) unit = this.#unitFrom(field.unitFrom) ?? unit;
    }
    if (
      !isNamed &&
      this.#message.rest === 'numbers' &&
      (typeof outcome === 'string' || outcome instanceof Uint8Array)
    ) {
      return;
    }
    if (outcome === absent) return;
    if (outcome === unfit || (typeof outcome === 'number' && !Number.isFinite(outcome))) {
      this.#isComplete = false;
      return;
    }
    if (this.#fields.length >= this.#maxFields) this.#isTooLarge = true;
    else this.#fields.push(unit === undefined ? { name, value: outcome } : { name, value: outcome, unit });
  }

  #holds({ when }: CompiledField): boolean {
    return when!.every(([path, value]) => valueAt(this.#tree, path) === value);
  }

  #unitFrom({ path, words }: NonNullable<CompiledField['unitFrom']>): string | undefined {
    const text = valueAt(this.#tree, path);
    if (typeof text !== 'string' || text.length > 40) return undefined;
    return words.get(text) ?? unitOf(text);
  }

  #planned(path: string): Plan {
    const plan = this.#plan(path);
    if (path.length <= maxKeptPath) {
      if (this.#plans.size >= maxPlans) this.#plans.clear();
      this.#plans.set(path, plan);
    }
    return plan;
  }

  #plan(path: string): Plan {
    const plan = this.#ruled(path);
    const hint = plan.kind === 'field' && plan.field?.unitFrom === undefined ? this.#hintOf(path) : undefined;
    if (plan.kind !== 'field' || hint === undefined) return plan;
    const unit = plan.unit ?? (hint.unit === undefined ? undefined : (unitOf(hint.unit) ?? hint.unit));
    // A path is a name already, and one that had a name must not get another one. Only `value` says nothing.
    const name = path === 'value' && !plan.isNamed ? (hint.name ?? plan.name) : plan.name;
    return { ...plan, name, unit };
  }

  #hintOf(path: string): Hint | undefined {
    if (this.#hints === undefined) return undefined;
    const own = path.slice(this.#prefix.length);
    for (const [root, prefix] of this.#message.roots) {
      if (!own.startsWith(prefix)) continue;
      const inside = own.slice(prefix.length);
      const hint = this.#hints.get(root === '' ? inside : `${root}.${inside}`);
      if (hint !== undefined) return hint;
    }
    return own === this.#bare ? this.#hints.get('') : undefined;
  }

  /** What the profile says of it. */
  #ruled(path: string): Plan {
    const { fields, rest, events, words } = this.#message;
    for (const field of fields) {
      const found = field.matches(path);
      if (found === undefined) continue;
      if (field.isDropped) return drop;
      const name = field.name === undefined ? path : fill(field.name, this.#captures, found);
      return { kind: 'field', name, unit: field.unit, field, isNamed: true };
    }
    const own = path.slice(this.#prefix.length);
    if (events.some((matches) => matches(own))) return event;
    // What names the device, its clock or a unit is no value.
    if (rest === 'drop' || this.#isUsed(own)) return drop;
    return { kind: 'field', name: path, unit: undefined, field: words, isNamed: false };
  }

  #isUsed(path: string): boolean {
    const { uses, roots } = this.#message;
    if (uses.has(path)) return true;
    return roots.some(([root, prefix]) => {
      if (root === '' || !path.startsWith(prefix)) return false;
      return uses.has(`${root}.${path.slice(prefix.length)}`);
    });
  }
}

/** Puts in what the topic gave, and what wildcards stood for. */
export function fill(text: string, captures: ReadonlyMap<string, string>, found: readonly string[] = []): string {
  if (!text.includes('{')) return text;
  return text.replace(/\{([^{}]+)\}/g, (_, name: string) => captures.get(name) ?? found[Number(name) - 1] ?? '');
}

/** What a message tells of its device, by the profile's `attributes`. */
export function attributesIn(tree: Tree, paths: CompiledMessage['attributes']): Attribute[] {
  const result: Attribute[] = [];
  for (const [name, path] of paths) {
    const value = valueAt(tree, path);
    if (typeof value === 'number' || typeof value === 'boolean') result.push([name, value]);
    else if (typeof value === 'string' && value !== '') result.push([name, value.slice(0, 200)]);
    else if (typeof value === 'bigint') result.push([name, String(value)]);
  }
  return result;
}
