interface Node<T> {
  readonly below: Map<string, Node<T>>;
  value: T | undefined;
}

/** Things by MQTT filters: finds the one whose filter says the most of a topic, level by level: a word, then `+`, then `#`. */
export class FilterTree<T> {
  readonly #root: Node<T> = { below: new Map(), value: undefined };

  /** @param filter a topic or a right topic filter */
  set(filter: string, value: T): void {
    let at = this.#root;
    for (const level of filter.split('/')) {
      let next = at.below.get(level);
      if (next === undefined) {
        next = { below: new Map(), value: undefined };
        at.below.set(level, next);
      }
      at = next;
    }
    at.value = value;
  }

  /** Looks at no more nodes than there are filters' levels, whatever the topic. */
  find(topic: string): T | undefined {
    return find(this.#root, topic.split('/'), 0, topic.startsWith('$'));
  }
}

/** @param isOwn its first level starts with $, so no wildcard stands for that (MQTT 5.0 § 4.7.2) */
function find<T>(node: Node<T>, levels: readonly string[], depth: number, isOwn: boolean): T | undefined {
  const isWild = !(isOwn && depth === 0);
  // A last # also stands for the parent level itself (MQTT 5.0 § 4.7.1.2).
  const rest = isWild ? node.below.get('#')?.value : undefined;
  if (depth === levels.length) return node.value ?? rest;
  const word = node.below.get(levels[depth]!);
  const byWord = word && find(word, levels, depth + 1, isOwn);
  if (byWord !== undefined) return byWord;
  const any = isWild ? node.below.get('+') : undefined;
  return (any && find(any, levels, depth + 1, isOwn)) ?? rest;
}
