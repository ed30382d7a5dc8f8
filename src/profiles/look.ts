import { parseJson, textOf } from './json.ts';
import type { CompiledMessage } from './language/compiled.ts';
import { valueAt } from './language/tree-path.ts';

/** A payload, read once and only if somebody asks. */
export class Look {
  readonly payload: Uint8Array;
  #text: string | undefined | null = null;
  #tree: unknown = null;

  constructor(payload: Uint8Array) {
    this.payload = payload;
  }

  /** Whether the payload holds what a message has to hold. */
  fits({ keys, looks }: CompiledMessage): boolean {
    for (const key of keys) if (valueAt(this.tree, key) === undefined) return false;
    return looks === undefined || (this.text !== undefined && looks(this.text));
  }

  get text(): string | undefined {
    if (this.#text === null) this.#text = textOf(this.payload);
    return this.#text;
  }

  get tree(): unknown {
    if (this.#tree === null) this.#tree = this.text === undefined ? undefined : parseJson(this.text);
    return this.#tree;
  }
}
