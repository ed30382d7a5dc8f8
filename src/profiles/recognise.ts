import type { Adoptions } from './adoptions.ts';
import type { Codec } from './codec.ts';
import type { CompiledProfile } from './language/compiled.ts';
import { Look } from './look.ts';
import { type Entry, type Place, TopicIndex } from './topic-index.ts';

/** What a topic's messages may be. */
export interface Suggestion {
  /** `vendor/model`. */
  readonly profile: string;
  /** From 0 to 1; from 0.9 on it is taken without asking. */
  readonly confidence: number;
  /** Why, in words. */
  readonly reason: string;
}

/** A suggestion, and what it is by. */
export interface Finding extends Suggestion {
  /** Where the topic stands in the profile; undefined: the payload, or what was learnt, tells. */
  readonly place: Place | undefined;
  /** Nothing but its device's other topics tells. */
  readonly isByDevice?: boolean;
}

/** From here on a suggestion is followed without asking. */
export const sureEnough = 0.9;
/** From here on people should look at it. Below, a guess is told, but a bare number can be of anything. */
export const likely = 0.6;
/** From here on a convention of topics is so exact that nobody has to look further. */
const exact = 0.97;
/** The most that a table can tell by the look of a payload alone. Codecs know topics too, and say themselves how sure they are. */
const atMostByLook = 0.94;

/** Tells what messages can be. What it knows is the profiles, what codecs have learnt, and what was adopted before. */
export class Recogniser {
  readonly #index: TopicIndex;
  readonly #profiles: ReadonlyMap<string, CompiledProfile>;
  readonly #codecOf: (name: string) => Codec | undefined;
  readonly #adoptions: Adoptions;
  /** A new topic is asked about twice: whether it is remembered, and if not, what it is. */
  #last: { readonly topic: string; readonly places: readonly Place[] } = { topic: '', places: [] };

  /** @param codecOf the codec of a name */
  constructor(
    profiles: readonly CompiledProfile[],
    codecOf: (name: string) => Codec | undefined,
    adoptions: Adoptions,
  ) {
    this.#index = new TopicIndex(profiles);
    this.#profiles = new Map(profiles.map((profile) => [profile.name, profile]));
    this.#codecOf = codecOf;
    this.#adoptions = adoptions;
  }

  /** What the topic was adopted as before, unless it was by something that a codec has learnt and does not know any more. */
  remembered(topic: string, payload: Uint8Array): Finding | undefined {
    const reason = 'it was recognised before';
    const own = this.#adoptions.profileOf(topic);
    const profile = own === undefined ? undefined : this.#profiles.get(own);
    if (own !== undefined && profile !== undefined && this.isStill(profile, topic, payload))
      return { profile: own, confidence: 1, reason, place: undefined };
    for (const place of this.#placesOf(topic)) {
      if (this.#adoptions.has(place)) return { profile: place.profile.name, confidence: 1, reason, place };
    }
    return undefined;
  }

  /**
   * What a message can be, the likeliest first: exact conventions before all that payloads look like. Where one is met, nobody
   * looks further unless all is asked for.
   */
  find(topic: string, payload: Uint8Array, isAll = false): readonly Finding[] {
    const look = new Look(payload);
    const found = new Map<string, Finding>();
    for (const place of this.#placesOf(topic)) {
      const claim = this.#claimOf(place, topic, look);
      note(found, place, claim, place, 1);
      if ((claim?.confidence ?? 0) < sureEnough && this.#adoptions.knowsDevice(place)) {
        const reason = `another topic of this device is decoded by ${place.profile.title}`;
        const { name: profile } = place.profile;
        if ((found.get(profile)?.confidence ?? 0) < sureEnough)
          found.set(profile, { profile, confidence: sureEnough, reason, place, isByDevice: true });
      }
    }
    if (isAll || ![...found.values()].some(({ confidence }) => confidence >= exact)) {
      for (const place of this.#index.openPlacesOf(topic)) {
        note(found, place, this.#claimOf(place, topic, look), place, atMostByLook);
      }
      for (const entry of this.#index.anywhere) {
        const most = entry.message.codec === undefined ? atMostByLook : 1;
        note(found, entry, this.#claimOf(entry, topic, look), undefined, most);
      }
    }
    return [...found.values()].sort(inOrder);
  }

  /** Whether a topic that was adopted without a topic of its own is so still: only a codec that learns of topics can be wrong later. */
  isStill({ messages }: CompiledProfile, topic: string, payload: Uint8Array): boolean {
    const learning = messages.flatMap(({ codec }) => (codec === undefined ? [] : (this.#codecOf(codec) ?? [])));
    const isLearnt = learning.some(({ hints }) => hints !== undefined);
    return !isLearnt || learning.some((codec) => codec.claims?.(topic, payload) !== undefined);
  }

  /** Where a topic stands in a profile, by the first of its messages that it can be. */
  placeIn(profile: CompiledProfile, topic: string): Place | undefined {
    return this.#placesOf(topic).find((place) => place.profile === profile);
  }

  /** Whether the topic stands in a profile of which this holds. */
  isIn(topic: string, holds: (profile: string) => boolean): boolean {
    return this.#placesOf(topic).some(({ profile }) => holds(profile.name));
  }

  #placesOf(topic: string): readonly Place[] {
    if (topic !== this.#last.topic) this.#last = { topic, places: this.#index.placesOf(topic) };
    return this.#last.places;
  }

  #claimOf({ message }: Entry, topic: string, look: Look): { confidence: number; reason: string } | undefined {
    const { confidence, codec, reason } = message;
    if (!look.fits(message)) return undefined;
    if (confidence !== undefined) return { confidence, reason };
    return codec === undefined ? undefined : this.#codecOf(codec)?.claims?.(topic, look.payload);
  }
}

function note(
  found: Map<string, Finding>,
  { profile: { name } }: Entry,
  claim: { readonly confidence: number; readonly reason: string } | undefined,
  place: Place | undefined,
  most: number,
): void {
  if (claim === undefined) return;
  const confidence = Math.min(claim.confidence, most);
  if (confidence > (found.get(name)?.confidence ?? 0)) {
    found.set(name, { profile: name, confidence, reason: claim.reason, place });
  }
}

/**
 * The surest first; among equals what says something of the topic itself, then what has a topic of its own, then by name, so that
 * it is always the same. A discovery message that names this very topic says more than what else its device has sent: otherwise
 * it would depend on which came first.
 */
function inOrder(a: Finding, b: Finding): number {
  if (a.confidence !== b.confidence) return b.confidence - a.confidence;
  if (a.isByDevice !== b.isByDevice) return a.isByDevice ? 1 : -1;
  const byTopic = Number(b.place !== undefined) - Number(a.place !== undefined);
  return byTopic !== 0 ? byTopic : a.profile < b.profile ? -1 : 1;
}
