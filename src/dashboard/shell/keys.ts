/** What a key means here. */
export type KeyAction =
  | { readonly kind: 'search' }
  | { readonly kind: 'help' }
  | { readonly kind: 'pause' }
  /** The next or the last row of the page's list. */
  | { readonly kind: 'row'; readonly by: 1 | -1 }
  | { readonly kind: 'page'; readonly name: string }
  /** The first of two keys. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'nothing' };

export interface Pressed {
  readonly key: string;
  /** With Ctrl, Alt or Meta: the browser's own. */
  readonly isChord: boolean;
  /** Somebody writes, or chooses with keys. */
  readonly isTyping: boolean;
}

/**
 * What a key does, after `g` or not.
 *
 * @param pages by their key
 */
export function actionOf(
  { key, isChord, isTyping }: Pressed,
  isAfterG: boolean,
  pages: ReadonlyMap<string, string>,
): KeyAction {
  if (isChord || isTyping) return { kind: 'nothing' };
  if (isAfterG) {
    const name = pages.get(key);
    return name === undefined ? { kind: 'nothing' } : { kind: 'page', name };
  }
  switch (key) {
    case '/':
      return { kind: 'search' };
    case '?':
      return { kind: 'help' };
    case ' ':
      return { kind: 'pause' };
    case 'j':
      return { kind: 'row', by: 1 };
    case 'k':
      return { kind: 'row', by: -1 };
    case 'g':
      return { kind: 'begun' };
    default:
      return { kind: 'nothing' };
  }
}
