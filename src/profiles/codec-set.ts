import type { Codec, Hint } from './codec.ts';
import { codecs } from './codecs/codecs.ts';

/** The codecs of one decoder: each is made when it is needed first, and learns for all profiles that use it. */
export class CodecSet {
  readonly #made = new Map<string, Codec>();

  /** The codec of a name; undefined: there is none. */
  readonly of = (name: string): Codec | undefined => {
    let codec = this.#made.get(name);
    if (codec === undefined) {
      codec = codecs.get(name)?.();
      if (codec !== undefined) this.#made.set(name, codec);
    }
    return codec;
  };

  /** What they have learnt of the values on a topic, by path; undefined: nothing. */
  readonly hintsOf = (topic: string): ReadonlyMap<string, Hint> | undefined => {
    let all: Map<string, Hint> | undefined;
    for (const codec of this.#made.values()) {
      for (const hint of codec.hints?.(topic) ?? []) {
        all ??= new Map();
        if (!all.has(hint.path)) all.set(hint.path, hint);
      }
    }
    return all;
  };
}
