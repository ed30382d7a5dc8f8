import { type Tree, valueAt } from './tree-path.ts';

/** What a template may refer to: names that the topic gave, and the message itself. */
export interface Scope {
  readonly captures: ReadonlyMap<string, string>;
  readonly tree: Tree;
  /** What the tree is a part of: what the part does not hold is looked for there. */
  readonly whole?: Tree;
  /** Under which key of it the tree stands: that is what `{key}` means then. */
  readonly key?: string | undefined;
}

/** Gives the text; undefined when nothing of it is there. */
export type Template = (scope: Scope) => string | undefined;

interface Part {
  readonly before: string;
  /** The first of them that is there counts. */
  readonly paths: readonly string[];
  readonly form: string | undefined;
}

const reference = /\{([^{}:]+)(?::([a-z0-9]+))?\}/g;
/** How a value can be written: `{from:hex8}`. */
export const forms: Readonly<Record<string, (value: string) => string>> = {
  /** A whole number as eight hexadecimal digits. */
  hex8: (value) =>
    /^-?\d{1,20}$/.test(value) ? BigInt.asUintN(32, BigInt(value)).toString(16).padStart(8, '0') : value,
  lower: (value) => value.toLowerCase(),
  upper: (value) => value.toUpperCase(),
  /** Without what stands between the digits of an address: `A4:C1:38` becomes `A4C138`. */
  bare: (value) => value.replace(/[:\-. ]/g, ''),
};

/** What is wrong with a template, as what follows "is …, ". */
export function templateFault(text: string): string | undefined {
  for (const [, , form] of text.matchAll(reference)) {
    if (form !== undefined && !Object.hasOwn(forms, form))
      return `but \`:${form}\` is none of ${Object.keys(forms).join(', ')}`;
  }
  return /[{}]/.test(text.replace(reference, '')) ? 'but its braces do not belong together' : undefined;
}

/**
 * Text with `{name}` from the topic or, where the topic has no such name, the value at that path in the message. What is
 * not there is left out together with the text before it: `{model}-{id}-{channel}` without a channel is `{model}-{id}`.
 * `{id|name}` is the id, else the name.
 * A text without braces is a path by itself; one in single quotes stands for itself: `'site'`.
 */
export function template(text: string): Template {
  const fixed = fixedText(text);
  if (fixed !== undefined) return () => fixed;
  if (!text.includes('{')) return (scope) => textIn(scope, text);
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(reference)) {
    parts.push({ before: text.slice(from, found.index), paths: found[1]!.split('|'), form: found[2] });
    from = found.index + found[0].length;
  }
  const end = text.slice(from);
  return (scope) => {
    let result = '';
    let isAny = false;
    for (const { before, paths, form } of parts) {
      const value = firstOf(paths, scope);
      if (value === undefined) continue;
      isAny = true;
      result += before + (form === undefined ? value : forms[form]!(value));
    }
    return isAny ? result + end : undefined;
  };
}

/** What stands in single quotes; undefined when the text does not. */
export function fixedText(text: string): string | undefined {
  return /^'[^']+'$/.test(text) ? text.slice(1, -1) : undefined;
}

function firstOf(paths: readonly string[], scope: Scope): string | undefined {
  for (const path of paths) {
    const value = scope.captures.get(path) ?? textIn(scope, path);
    if (value !== undefined) return value;
  }
  return undefined;
}

function textIn({ tree, whole, key }: Scope, path: string): string | undefined {
  if (path === 'key' && key !== undefined) return key;
  return textOf(valueAt(tree, path) ?? (whole === undefined ? undefined : valueAt(whole, path)));
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
