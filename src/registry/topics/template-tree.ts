import { isId } from './level-id.ts';

/** What lies at the end of a template: something of the book's. */
export interface Leaf {
  /** Its template has become another one, because what it was told apart by turned out to vary. */
  moved(template: string): void;
  /** It is the same as another one now. */
  joined(other: Leaf): void;
}

interface Node<L extends Leaf> {
  readonly word: string;
  readonly parent: Node<L> | undefined;
  readonly children: Map<string, Node<L>>;
  leaf: L | undefined;
  /** So many words were met at this level that it is known to vary. */
  isVaried: boolean;
}

/** Beyond so many words in one place they are names of things; at the first level there are conventions of all kinds. */
const maxWords = 8;
const maxFirstWords = 64;
const maxLevels = 16;

/**
 * Learns which levels of topics vary, from topics that nothing else is known of. Levels that are ids vary at once; others when
 * too many words were met in their place: then these become one, with all that is below them.
 */
export class TemplateTree<L extends Leaf> {
  readonly #root: Node<L> = node('', undefined);

  /** The template of a topic, and what lies there. It matches the topic. @param make what is to lie there when nothing does */
  place(topic: string, make: (template: string) => L): L {
    let at = this.#root;
    const levels = topic.split('/');
    for (let depth = 0; depth < levels.length; depth++) {
      at = this.#below(at, depth === maxLevels ? '#' : levels[depth]!, depth);
      if (depth === maxLevels) break;
    }
    at.leaf ??= make(templateOf(at));
    return at.leaf;
  }

  /** Takes out what lies at a template. */
  remove(template: string): void {
    let at: Node<L> | undefined = this.#root;
    for (const word of template.split('/')) at = at?.children.get(word);
    if (at === undefined) return;
    at.leaf = undefined;
    while (at.leaf === undefined && at.children.size === 0 && at.parent !== undefined) {
      at.parent.children.delete(at.word);
      at = at.parent;
    }
  }

  #below(parent: Node<L>, level: string, depth: number): Node<L> {
    // What starts with $ is matched by no wildcard (MQTT 5.0 § 4.7.2).
    const isOwn = depth === 0 && level.startsWith('$');
    const word = level === '#' || isOwn || !(parent.isVaried || isId(level)) ? level : '+';
    const known = parent.children.get(word);
    if (known !== undefined) return known;
    const child = node<L>(word, parent);
    parent.children.set(word, child);
    if (word === '+' || word === '#' || isOwn) return child;
    const words = [...parent.children.values()].filter((one) => isWord(one, depth));
    if (words.length <= (depth === 0 ? maxFirstWords : maxWords)) return child;
    return this.#vary(parent, words, depth);
  }

  /** Makes one of the words below a node. */
  #vary(parent: Node<L>, words: readonly Node<L>[], depth: number): Node<L> {
    parent.isVaried = true;
    let one = parent.children.get('+');
    if (one === undefined) {
      one = node('+', parent);
      parent.children.set('+', one);
    }
    for (const word of words) {
      parent.children.delete(word.word);
      this.#join(word, one, depth + 1);
    }
    return one;
  }

  /** Moves what is in and below one node to another. */
  #join(from: Node<L>, to: Node<L>, depth: number): void {
    if (from.isVaried) to.isVaried = true;
    if (from.leaf !== undefined) {
      if (to.leaf === undefined) {
        to.leaf = from.leaf;
        to.leaf.moved(templateOf(to));
      } else from.leaf.joined(to.leaf);
    }
    for (const child of from.children.values()) {
      const word = to.isVaried && isWord(child, depth) ? '+' : child.word;
      let target = to.children.get(word);
      if (target === undefined) {
        target = node(word, to);
        to.children.set(word, target);
      }
      this.#join(child, target, depth + 1);
    }
    const words = [...to.children.values()].filter((one) => isWord(one, depth));
    if (words.length > 0 && (to.isVaried || words.length > maxWords)) this.#vary(to, words, depth);
  }
}

function node<L extends Leaf>(word: string, parent: Node<L> | undefined): Node<L> {
  return { word, parent, children: new Map(), leaf: undefined, isVaried: false };
}

function isWord<L extends Leaf>({ word }: Node<L>, depth: number): boolean {
  return word !== '+' && word !== '#' && !(depth === 0 && word.startsWith('$'));
}

function templateOf<L extends Leaf>(end: Node<L>): string {
  const levels: string[] = [];
  for (let at = end; at.parent !== undefined; at = at.parent) levels.push(at.word);
  return levels.reverse().join('/');
}
