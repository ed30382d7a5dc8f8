import { type SchemaNode, textOf } from './form-model.ts';

// Rules as people write them, and what the gateway says is wrong with them.

/** A fault that the gateway found. */
export interface RuleFault {
  /** `rules[1].match.topic`; undefined: it is about no key. */
  readonly path: string | undefined;
  /** In the text, from 1; undefined: it is about no place. */
  readonly line: number | undefined;
  readonly message: string;
}

/** Rules as YAML, as in the configuration file. @param items the schema of one rule */
export function rulesText(rules: readonly unknown[], items: SchemaNode): string {
  return rules.map((rule) => `- ${yamlOf(rule, items, '  ').trimStart()}`).join('');
}

function yamlOf(value: unknown, node: SchemaNode, indent: string): string {
  return Object.entries(value as Readonly<Record<string, unknown>>)
    .map(([key, one]) => {
      const child = node.properties?.[key] ?? {};
      const name = isPlain(key) ? key : JSON.stringify(key);
      const isTree = typeof one === 'object' && one !== null && !Array.isArray(one);
      return isTree
        ? `${indent}${name}:\n${yamlOf(one, child, `${indent}  `)}`
        : `${indent}${name}: ${scalar(child, one)}\n`;
    })
    .join('');
}

/** What YAML reads as nothing but this text, unquoted (YAML 1.2 § 7.3.3): no sign, no number, no other word of its own. */
const plain = /^[A-Za-z_/][\w/.-]*$/;
const words = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

function scalar(node: SchemaNode, value: unknown): string {
  const said = node.unit === undefined ? value : textOf(node, value);
  if (typeof said !== 'string') return JSON.stringify(said);
  return isPlain(said) || (node.unit !== undefined && /^\d/.test(said)) ? said : JSON.stringify(said);
}

function isPlain(text: string): boolean {
  return plain.test(text) && !words.test(text);
}

const place = /^[^\s:]*:(\d+):\d+: /;
const named = /`(rules\[\d+\][^`]*)`/;

/** What is wrong, line by line: `rules:3:5: There is no key …`. */
export function ruleFaults(detail: string): readonly RuleFault[] {
  return detail
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const at = place.exec(line)?.[1];
      return {
        path: named.exec(line)?.[1],
        line: at === undefined ? undefined : Number(at),
        message: line.replace(place, ''),
      };
    });
}

/** A list with one of its items moved by a place. */
export function moved<T>(list: readonly T[], from: number, by: -1 | 1): T[] {
  const next = [...list];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(from + by, 0, one);
  return next;
}
