export type Token = { readonly type: 'name' | 'number' | 'string' | 'sign' | 'end'; readonly text: string };

/** Thrown by the reading of a template and caught where it was asked for: it is beyond what is understood. */
export class Beyond extends Error {}

export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'expression'; readonly tokens: readonly Token[] }
  | { readonly type: 'statement'; readonly tokens: readonly Token[] };

/** Text, `{{ … }}` and `{% … %}` one after the other; white space between them is left out. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    const open = /\{[{%#]/g;
    open.lastIndex = at;
    const start = open.exec(text)?.index ?? text.length;
    const between = text.slice(at, start).trim();
    if (between !== '') pieces.push({ type: 'text', text: between });
    if (start === text.length) break;
    const isExpression = text[start + 1] === '{';
    if (text[start + 1] === '#') throw new Beyond();
    const tokens: Token[] = [];
    at = tokensUntil(isExpression ? '}}' : '%}', text, start + 2, tokens);
    pieces.push({ type: isExpression ? 'expression' : 'statement', tokens });
  }
  return pieces;
}

const tokenPattern =
  /\s+|([A-Za-z_]\w*)|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'([^'\\]*)'|"([^"\\]*)"|(==|!=|<=|>=|\/\/|[-+*/%<>|.,:()[\]{}])/y;

/** @returns the place behind `close` */
function tokensUntil(close: string, text: string, from: number, tokens: Token[]): number {
  let at = from;
  // `{{-` and `-}}` take white space away, which is left out anyhow.
  if (text[at] === '-' || text[at] === '+') at++;
  for (;;) {
    if (text.startsWith(close, at)) break;
    if (text[at] === '-' && text.startsWith(close, at + 1)) {
      at++;
      break;
    }
    tokenPattern.lastIndex = at;
    const [all, name, number, single, double, sign] = tokenPattern.exec(text) ?? [];
    if (all === undefined) throw new Beyond();
    if (name !== undefined) tokens.push({ type: 'name', text: name });
    else if (number !== undefined) tokens.push({ type: 'number', text: number });
    else if (sign !== undefined) tokens.push({ type: 'sign', text: sign });
    else if (single !== undefined || double !== undefined) {
      tokens.push({ type: 'string', text: single ?? double ?? '' });
    }
    at = tokenPattern.lastIndex;
  }
  tokens.push({ type: 'end', text: '' });
  return at + close.length;
}
