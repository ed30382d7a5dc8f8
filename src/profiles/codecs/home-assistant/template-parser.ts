import { Beyond, type Piece, piecesOf, type Token } from './template-tokens.ts';

/** A template's expression. Its depth is bounded, so it can be walked by recursion. */
export type Expression =
  /** The payload as text. */
  | { readonly type: 'value' }
  /** The payload as JSON. */
  | { readonly type: 'json' }
  | { readonly type: 'constant'; readonly value: string | number | boolean | null }
  | { readonly type: 'member'; readonly of: Expression; readonly key: string | number }
  | { readonly type: 'filter'; readonly of: Expression; readonly name: string; readonly argument?: Expression }
  /** The value that a key has in a table: `{0: 'off', 1: 'heat'}[value]`. */
  | {
      readonly type: 'lookup';
      readonly table: ReadonlyMap<string | number | boolean | null, Expression>;
      readonly key: Expression;
    }
  | { readonly type: 'minus' | 'not'; readonly of: Expression }
  | { readonly type: 'in'; readonly of: Expression; readonly list: readonly Expression[]; readonly isIn: boolean }
  | { readonly type: 'defined'; readonly of: Expression; readonly isDefined: boolean }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: 'choice';
      readonly condition: Expression;
      readonly value: Expression;
      readonly otherwise?: Expression;
    };

/** Names of the filters that are understood, and whether they take an argument. */
const filters: ReadonlyMap<string, 'none' | 'optional'> = new Map([
  ['float', 'optional'],
  ['int', 'optional'],
  ['round', 'optional'],
  ['default', 'optional'],
  ['d', 'optional'],
  ['is_defined', 'none'],
  ['abs', 'none'],
  ['lower', 'none'],
  ['upper', 'none'],
  ['trim', 'none'],
  ['bool', 'none'],
  ['string', 'none'],
  ...(['multiply', 'add', 'format'] as const).map((name) => [name, 'optional'] as const),
]);

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

/** Longer templates are programs, and not read. */
const maxLength = 1000;
const maxDepth = 24;

/** @returns undefined when the template is not of the part of Jinja that `compileTemplate` tells of */
export function parseTemplate(text: string): Expression | undefined {
  if (text.length > maxLength) return undefined;
  try {
    const pieces = piecesOf(text);
    const body = bodyOf(pieces, 0, 0);
    return body.next === pieces.length ? body.expression : undefined;
  } catch (error) {
    if (error instanceof Beyond) return undefined;
    throw error;
  }
}

/** One value: an expression, a text, or an `if` whose branches are one value each. */
function bodyOf(pieces: readonly Piece[], at: number, depth: number): { expression: Expression; next: number } {
  const piece = pieces[at];
  if (piece === undefined || depth > maxDepth) throw new Beyond();
  if (piece.type === 'text') return { expression: { type: 'constant', value: piece.text }, next: at + 1 };
  if (piece.type === 'expression') return { expression: new Reader(piece.tokens, 0).whole(), next: at + 1 };
  if (piece.tokens[0]!.text !== 'if') throw new Beyond();
  return choiceOf(piece.tokens, pieces, at, depth);
}

function choiceOf(tokens: readonly Token[], pieces: readonly Piece[], at: number, depth: number) {
  const condition = new Reader(tokens, 1).whole();
  const then = bodyOf(pieces, at + 1, depth + 1);
  const after = pieces[then.next];
  if (after?.type !== 'statement') throw new Beyond();
  const word = after.tokens[0]!.text;
  const choice = { type: 'choice' as const, condition, value: then.expression };
  if (word === 'endif') return { expression: choice, next: then.next + 1 };
  if (word === 'elif') {
    const rest: { expression: Expression; next: number } = choiceOf(after.tokens, pieces, then.next, depth + 1);
    return { expression: { ...choice, otherwise: rest.expression }, next: rest.next };
  }
  if (word !== 'else' || after.tokens[1]?.type !== 'end') throw new Beyond();
  const otherwise = bodyOf(pieces, then.next + 1, depth + 1);
  const end = pieces[otherwise.next];
  if (end?.type !== 'statement' || end.tokens[0]!.text !== 'endif') throw new Beyond();
  return { expression: { ...choice, otherwise: otherwise.expression }, next: otherwise.next + 1 };
}

const levels: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['==', '!=', '<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/', '//', '%'],
];
const notLevel = 2;

/** Reads an expression by recursive descent, loosest operator first. */
class Reader {
  readonly #tokens: readonly Token[];
  #at: number;
  #depth = 0;

  constructor(tokens: readonly Token[], from: number) {
    this.#tokens = tokens;
    this.#at = from;
  }

  whole(): Expression {
    const expression = this.#choice();
    if (this.#token.type !== 'end') throw new Beyond();
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** Steps over a sign or a word, if it is there. */
  #has(text: string): boolean {
    const { type } = this.#token;
    if ((type !== 'sign' && type !== 'name') || this.#token.text !== text) return false;
    this.#at++;
    return true;
  }

  #need(text: string): void {
    if (!this.#has(text)) throw new Beyond();
  }

  #choice(): Expression {
    if (++this.#depth > maxDepth) throw new Beyond();
    const value = this.#binary(0);
    let result = value;
    if (this.#has('if')) {
      const condition = this.#binary(0);
      result = this.#has('else')
        ? { type: 'choice', condition, value, otherwise: this.#choice() }
        : { type: 'choice', condition, value };
    }
    this.#depth--;
    return result;
  }

  #binary(level: number): Expression {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    if (level === notLevel && this.#has('not')) return { type: 'not', of: this.#deeper(() => this.#binary(level)) };
    let left = this.#binary(level + 1);
    for (let chained = 0; ; chained++) {
      if (level === notLevel && this.#has('is')) {
        left = this.#test(left);
        continue;
      }
      if (level === notLevel) {
        const isIn = this.#has('in');
        if (isIn || this.#hasNotIn()) {
          left = { type: 'in', of: left, isIn, list: this.#list() };
          continue;
        }
      }
      const operator = operators.find((sign) => this.#has(sign));
      if (operator === undefined) return left;
      if (chained >= maxDepth) throw new Beyond();
      left = { type: 'binary', operator, left, right: this.#binary(level + 1) };
    }
  }

  #hasNotIn(): boolean {
    if (this.#token.text !== 'not' || this.#tokens[this.#at + 1]?.text !== 'in') return false;
    this.#at += 2;
    return true;
  }

  /** `('a', 'b')` or `['a', 'b']`. */
  #list(): Expression[] {
    const close = this.#has('[') ? ']' : ')';
    if (close === ')') this.#need('(');
    const list = [this.#choice()];
    while (this.#has(',') && list.length < maxDepth) list.push(this.#choice());
    this.#need(close);
    return list;
  }

  #test(of: Expression): Expression {
    const isPlain = !this.#has('not');
    if (this.#has('undefined')) return { type: 'defined', of, isDefined: !isPlain };
    this.#need('defined');
    return { type: 'defined', of, isDefined: isPlain };
  }

  #unary(): Expression {
    if (this.#has('-')) return { type: 'minus', of: this.#deeper(() => this.#unary()) };
    let node = this.#primary();
    for (let chained = 0; ; chained++) {
      if (chained > maxDepth) throw new Beyond();
      if (this.#has('.')) node = this.#member(node, this.#next('name').text);
      else if (this.#has('[')) {
        node = { type: 'member', of: node, key: this.#key() };
        this.#need(']');
      } else if (this.#has('|')) node = this.#filter(node);
      else return node;
    }
  }

  /** `.temp`, and `.get('temp')`. */
  #member(of: Expression, key: string): Expression {
    if (key !== 'get' || !this.#has('(')) return { type: 'member', of, key };
    const found: Expression = { type: 'member', of, key: this.#next('string').text };
    const argument = this.#has(',') ? this.#choice() : undefined;
    this.#need(')');
    return argument ? { type: 'filter', of: found, name: 'default', argument } : found;
  }

  #key(): string | number {
    if (this.#has('-')) return -Number(this.#next('number').text);
    if (this.#token.type === 'string') return this.#next('string').text;
    return Number(this.#next('number').text);
  }

  #filter(of: Expression): Expression {
    const name = this.#next('name').text;
    const takes = filters.get(name);
    if (takes === undefined) throw new Beyond();
    if (!this.#has('(')) return { type: 'filter', of, name };
    if (this.#has(')')) return { type: 'filter', of, name };
    if (takes === 'none') throw new Beyond();
    const argument = this.#choice();
    this.#need(')');
    return { type: 'filter', of, name, argument };
  }

  #primary(): Expression {
    const token = this.#token;
    this.#at++;
    if (token.type === 'number') return { type: 'constant', value: Number(token.text) };
    if (token.type === 'string') return { type: 'constant', value: token.text };
    if (token.type === 'sign' && token.text === '(') {
      const inner = this.#choice();
      this.#need(')');
      return inner;
    }
    if (token.type === 'sign' && token.text === '{') return this.#lookup();
    if (token.type !== 'name') throw new Beyond();
    if (token.text === 'value') return { type: 'value' };
    if (token.text === 'value_json') return { type: 'json' };
    const constant = constants.get(token.text);
    if (constant !== undefined) return { type: 'constant', value: constant };
    if ((token.text === 'float' || token.text === 'int') && this.#has('(')) {
      const of = this.#choice();
      const argument = this.#has(',') ? this.#choice() : undefined;
      this.#need(')');
      return { type: 'filter', of, name: token.text, ...(argument && { argument }) };
    }
    throw new Beyond();
  }

  #lookup(): Expression {
    const table = new Map<string | number | boolean | null, Expression>();
    while (!this.#has('}')) {
      const key = this.#primary();
      this.#need(':');
      if (key.type !== 'constant' || table.size >= maxDepth) throw new Beyond();
      table.set(key.value, this.#choice());
      if (!this.#has(',') && this.#token.text !== '}') throw new Beyond();
    }
    this.#need('[');
    const key = this.#choice();
    this.#need(']');
    return { type: 'lookup', table, key };
  }

  #next(type: Token['type']): Token {
    const token = this.#token;
    if (token.type !== type) throw new Beyond();
    this.#at++;
    return token;
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > maxDepth) throw new Beyond();
    const result = read();
    this.#depth--;
    return result;
  }
}
