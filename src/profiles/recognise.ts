import type { Codec } from './codec.ts';
import { parseJson, textOf } from './json.ts';
import type { CompiledMessage, CompiledProfile } from './language/compiled.ts';
import { valueAt } from './language/tree-path.ts';

/** What a topic's messages may be. */
export interface Suggestion {
  /** `vendor/model`. */
  readonly profile: string;
  /** From 0 to 1; from 0.9 on it is taken without asking. */
  readonly confidence: number;
  /** Why, in words. */
  readonly reason: string;
}

/** From here on a suggestion is followed without asking. */
export const sureEnough = 0.9;

/**
 * What a message can be, the likeliest first, by one message of a topic. Pure, but for what codecs have learnt.
 *
 * @param codecOf the codec of a name
 */
export function recognise(
  profiles: readonly CompiledProfile[],
  codecOf: (name: string) => Codec | undefined,
  topic: string,
  payload: Uint8Array,
): Suggestion[] {
  const look = new Look(payload);
  const found: Suggestion[] = [];
  for (const profile of profiles) {
    let best: Suggestion | undefined;
    for (const message of profile.messages) {
      const claim = claimOf(message, codecOf, topic, look);
      if (claim !== undefined && claim.confidence > (best?.confidence ?? 0)) best = { profile: profile.name, ...claim };
    }
    if (best !== undefined) found.push(best);
  }
  return found.sort((a, b) => b.confidence - a.confidence);
}

/** A payload, read once and only if somebody asks. */
class Look {
  readonly payload: Uint8Array;
  #text: string | undefined | null = null;
  #tree: unknown = null;

  constructor(payload: Uint8Array) {
    this.payload = payload;
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

function claimOf(
  message: CompiledMessage,
  codecOf: (name: string) => Codec | undefined,
  topic: string,
  look: Look,
): Omit<Suggestion, 'profile'> | undefined {
  const { confidence, topics, keys, looks, reason } = message;
  if (topics.length > 0 && !topics.some((pattern) => pattern.match(topic) !== undefined)) return undefined;
  if (confidence === undefined)
    return message.codec === undefined ? undefined : codecOf(message.codec)?.claims?.(topic, look.payload);
  if (keys.some((key) => valueAt(look.tree, key) === undefined)) return undefined;
  if (looks !== undefined && (look.text === undefined || !looks(look.text))) return undefined;
  return { confidence, reason };
}
