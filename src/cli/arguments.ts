import { parseArgs } from 'node:util';
import { HeadgateError } from '../core/errors.ts';
import { closest } from '../lib/spelling.ts';

/** One option of a verb: with a `value` it takes text, named so in the help; without it is a switch. */
export interface OptionSpec {
  readonly about: string;
  readonly value?: string;
  readonly multiple?: boolean;
}

/** What a verb is for and what it takes. Parsing and `--help` are both made of it. */
export interface Usage {
  readonly verb: string;
  readonly about: string;
  /** What may follow the verb besides options, in the help's words: `[FILE]`. Absent: nothing. */
  readonly operands?: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
}

type Values<O extends Usage['options']> = {
  readonly [K in keyof O]: O[K] extends { multiple: true }
    ? readonly string[]
    : O[K] extends { value: string }
      ? string | undefined
      : boolean;
};

export interface Arguments<O extends Usage['options']> {
  readonly values: Values<O>;
  readonly operands: readonly string[];
  /** `--help` was given: print {@link helpText} and do nothing. */
  readonly isHelp: boolean;
}

/** Reads a verb's arguments. Throws `usage.invalid`, with a suggestion for a misspelt option. */
export function parseArguments<const U extends Usage>(usage: U, args: readonly string[]): Arguments<U['options']> {
  const { options } = usage;
  const { tokens } = parseArgs({
    args: [...args],
    options: { help: { type: 'boolean', short: 'h' }, ...Object.fromEntries(Object.entries(options).map(forNode)) },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options))
    values[name] = option.multiple ? [] : option.value ? undefined : false;
  const operands: string[] = [];
  let isHelp = false;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!usage.operands) throw wrong(usage, `\`${token.value}\` is one word too many.`);
      operands.push(token.value);
    } else if (token.kind === 'option' && token.name === 'help') {
      isHelp = true;
    } else if (token.kind === 'option') {
      const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
      if (!option)
        throw wrong(usage, `There is no option ${token.rawName}${suggestion(token.name, Object.keys(options))}`);
      if (option.value !== undefined && token.value === undefined) {
        throw wrong(usage, `${token.rawName} needs ${option.value} after it.`);
      }
      if (option.value === undefined && token.value !== undefined)
        throw wrong(usage, `${token.rawName} takes no value.`);
      const value = token.value ?? true;
      values[token.name] = option.multiple ? [...(values[token.name] as string[]), value] : value;
    }
  }
  return { values: values as Values<U['options']>, operands, isHelp };
}

/** A `usage.invalid` that names the verb. */
export function wrong(usage: Usage, message: string): HeadgateError {
  return new HeadgateError('usage.invalid', `headgate ${usage.verb}: ${message}`);
}

/** As wide as most terminals are. */
const lineWidth = 110;

/** What `--help` prints for a verb. */
export function helpText(usage: Usage): string {
  const options = { ...usage.options, help: { about: 'Print this.' } as OptionSpec };
  const rows = Object.entries(options).map(
    ([name, option]) => [`  --${name}${option.value ? ` ${option.value}` : ''}`, option.about] as const,
  );
  const column = Math.max(...rows.map(([left]) => left.length)) + 2;
  const call = ['headgate', usage.verb, usage.operands, '[options]'].filter(Boolean).join(' ');
  const about = wrapped(usage.about, lineWidth);
  const lines = rows.flatMap(([left, right]) =>
    wrapped(right, lineWidth - column).map((text, index) => (index === 0 ? left : '').padEnd(column) + text),
  );
  return [call, '', ...about, '', ...lines].join('\n');
}

/** Lines of at most so many characters, as far as words allow. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export function suggestion(word: string, candidates: readonly string[]): string {
  const meant = closest(word, candidates);
  return meant ? `; did you mean --${meant}?` : '.';
}

function forNode([name, option]: [string, OptionSpec]): [string, { type: 'string' | 'boolean' }] {
  return [name, { type: option.value === undefined ? 'boolean' : 'string' }];
}
