import type { Decoded } from '../core/decoded.ts';
import type { Message } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import type { RecentMap } from '../lib/recent-map.ts';
import { WorkBudget } from '../lib/work-budget.ts';
import { Adoptions } from './adoptions.ts';
import { CodecSet } from './codec-set.ts';
import { createDeviceNamer } from './device-id.ts';
import { DeviceNames } from './device-names.ts';
import { createGeneralDecoder } from './general.ts';
import { type Known, knownTopics } from './known-topics.ts';
import type { CompiledProfile } from './language/compiled.ts';
import { compiledIn, type Library, profilesFor } from './library.ts';
import { type LineProfiles, LineRoutes } from './line-routes.ts';
import type { DecodeOptions } from './options.ts';
import { ProfileUse } from './profile-use.ts';
import { type Finding, likely, Recogniser, type Suggestion, sureEnough } from './recognise.ts';
import { Route } from './route.ts';
import { templateOf } from './topic-index.ts';
import type { Binding, Topics } from './topics.ts';

/** Turns a message into measurements. Never throws: what can't be decoded has no fields and keeps its payload. */
export type Decoder = (message: Message, receivedAtMs: UnixMs) => Decoded;

/** How much of the time may go into finding out what topics are, and how much at once: a whole fleet's topics after a start. */
const lookingShare = 0.1;
const lookingBurstMs = 2_000;

export interface ProfileDecoderDependencies extends LineProfiles {
  readonly options: Omit<DecodeOptions, 'profiles' | 'profileDirs'>;
  readonly profiles: readonly CompiledProfile[];
  /** What people decided for a topic; undefined: nothing. */
  readonly bindingOf?: (topic: string) => Binding | undefined;
  /** What was adopted without asking, also before this run. */
  readonly adoptions?: Adoptions;
  /** Whether a profile is of people's own: put there by them, it takes over what was adopted by another. */
  readonly isOwn?: (profile: string) => boolean;
  /** Who keeps count of topics. */
  readonly topics?: Topics;
  readonly budget?: WorkBudget;
}

/**
 * Decodes messages by the profile of their topic. Which one that is, is found out with the topic's first message, and again
 * when something new was learnt; after that a message costs one look into a table.
 */
export class ProfileDecoder {
  readonly #deps: ProfileDecoderDependencies;
  readonly #general: Decoder;
  readonly #nameOf: (topic: string) => string;
  readonly #codecs = new CodecSet();
  readonly #names = new DeviceNames();
  #byName: ReadonlyMap<string, CompiledProfile>;
  #recogniser: Recogniser;
  readonly #budget: WorkBudget;
  #known = knownTopics();
  readonly #lines: LineRoutes;
  /** What was known before something changed for all topics: it has their meters. */
  #stale: RecentMap<string, Known> | undefined;
  readonly #uses = new Map<string, ProfileUse>();
  readonly #learnt = { count: 0 };
  readonly adoptions: Adoptions;
  #postponed = 0;

  constructor(deps: ProfileDecoderDependencies) {
    const { options, profiles, adoptions = new Adoptions() } = deps;
    this.#deps = deps;
    this.adoptions = adoptions;
    this.#general = createGeneralDecoder(options);
    this.#nameOf = createDeviceNamer(options.deviceTopics);
    this.#byName = new Map(profiles.map((profile) => [profile.name, profile]));
    this.#recogniser = new Recogniser(profiles, this.#codecs.of, adoptions);
    this.#lines = new LineRoutes(deps, (name, topic, nameOf) => {
      const profile = this.#byName.get(name);
      return profile && this.#routeOf(profile, topic, undefined, this.#useOf(profile), nameOf);
    });
    this.#budget = deps.budget ?? new WorkBudget(lookingShare, lookingBurstMs);
  }

  readonly decode: Decoder = (message, receivedAtMs) => {
    const { route, meter } = this.#lines.of(message) ?? this.#knownOf(message);
    if (route === undefined) {
      const decoded = this.#general(message, receivedAtMs);
      if (meter !== undefined) meter.heard(message, decoded, receivedAtMs);
      return decoded;
    }
    const { length } = message.payload;
    const isTooLarge = length > this.#deps.options.maxBytes;
    const decoded = isTooLarge ? route.tooLarge(length) : route.decode(message, receivedAtMs);
    const { use } = route;
    use.messages++;
    if (decoded.failure !== undefined) use.failed(decoded.failure, message, receivedAtMs);
    if (decoded.isLesson) this.#learnt.count++;
    if (meter !== undefined) meter.heard(message, decoded, receivedAtMs);
    return decoded;
  };

  /** Decodes a message for what it teaches: one of an earlier run, which has been counted. */
  teach(message: Message, receivedAtMs: UnixMs): void {
    const { route } = this.#knownOf(message);
    if (route !== undefined && message.payload.length <= this.#deps.options.maxBytes) {
      route.decode(message, receivedAtMs);
      this.#learnt.count++;
    }
  }

  /** What a topic's messages may be, the likeliest first. */
  suggest(topic: string, payload: Uint8Array): readonly Suggestion[] {
    return this.#recogniser.find(topic, payload.subarray(0, this.#deps.options.maxBytes), true);
  }

  /** What became of the messages of each profile that had any, by its name. */
  get uses(): ReadonlyMap<string, ProfileUse> {
    return this.#uses;
  }

  /** How many adoptions are remembered, and how many there was no room for. */
  get adopted(): { readonly adoptions: number; readonly unkept: number } {
    return { adoptions: this.adoptions.size, unkept: this.adoptions.refused };
  }

  /** How often a topic could not be looked at because too many others were. */
  get postponed(): number {
    return this.#postponed;
  }

  /** Takes other profiles in the place of those before: every topic is looked at again. What codecs have learnt stays. */
  useProfiles(profiles: readonly CompiledProfile[]): void {
    this.#byName = new Map(profiles.map((profile) => [profile.name, profile]));
    this.#recogniser = new Recogniser(profiles, this.#codecs.of, this.adoptions);
    this.#lookAgain();
  }

  /** Bindings have changed: every topic is looked at again. */
  bindingsChanged(): void {
    this.adoptions.forgetNotes();
    this.#lookAgain();
  }

  /**
   * Decodes by a given profile, whatever the topic's own is: for tests of profiles.
   *
   * @param use what the profile's messages before it left behind
   * @param adopted what people decided for the topic
   */
  decodeBy(
    profile: CompiledProfile,
    message: Message,
    receivedAtMs: UnixMs,
    use = new ProfileUse(),
    adopted?: Binding,
  ): Decoded {
    return this.#routeOf(profile, message.topic, adopted, use).decode(message, receivedAtMs);
  }

  #knownOf({ topic, payload }: Message): Known {
    const known = this.#known.get(topic);
    if (known !== undefined) {
      if (known.route !== undefined) {
        if (!known.isByLook || known.learnt === this.#learnt.count) return known;
        known.learnt = this.#learnt.count;
        if (this.#recogniser.isStill(known.route.profile, topic, payload)) return known;
      }
      known.seen++;
      // Perhaps what was learnt tells what this is.
      if (known.seen < known.lookAgainAt && known.learnt === this.#learnt.count) return known;
    }
    const looked = this.#look(topic, payload, known ?? this.#staleOf(topic));
    this.#known.set(topic, looked);
    return looked;
  }

  #lookAgain(): void {
    this.#lines.forget();
    this.#stale = this.#known;
    this.#known = knownTopics();
  }

  #staleOf(topic: string): Known | undefined {
    const stale = this.#stale?.get(topic);
    return stale && { ...stale, route: undefined, seen: 1, lookAgainAt: 1 };
  }

  #look(topic: string, payload: Uint8Array, before: Known | undefined): Known {
    const binding = this.#deps.bindingOf?.(topic);
    const bound = binding?.kind === 'adopted' ? this.#byName.get(binding.profile) : undefined;
    if (bound !== undefined) {
      const place = this.#recogniser.placeIn(bound, topic);
      if (place !== undefined) this.adoptions.note(place);
      return this.#knownAs(topic, before, this.#routeOf(bound, topic, binding), binding, undefined, []);
    }
    if (binding?.kind === 'ignored') return this.#knownAs(topic, before, undefined, binding, undefined, []);
    const remembered = this.#recogniser.remembered(topic, payload);
    if (remembered !== undefined) {
      const better = this.#ownOver(remembered, topic, payload) ?? remembered;
      return this.#adopted(topic, before, better, [better]);
    }
    if (payload.length > this.#deps.options.maxBytes)
      return this.#knownAs(topic, before, undefined, undefined, undefined, []);
    const found = this.#budget.spend(() => this.#recogniser.find(topic, payload));
    if (found === undefined) return this.#later(topic, before);
    const [best] = found;
    if (best !== undefined && best.confidence >= sureEnough) return this.#adopted(topic, before, best, found);
    const isLikely = best !== undefined && best.confidence >= likely;
    return this.#knownAs(topic, before, undefined, undefined, isLikely ? templateBy(best, topic) : undefined, found);
  }

  /** What a profile of people's own says of a topic that was adopted by another one. */
  #ownOver({ profile }: Finding, topic: string, payload: Uint8Array): Finding | undefined {
    const { isOwn, options } = this.#deps;
    if (isOwn === undefined || isOwn(profile) || payload.length > options.maxBytes) return undefined;
    if (!this.#recogniser.isIn(topic, isOwn)) return undefined;
    const [best] = this.#budget.spend(() => this.#recogniser.find(topic, payload)) ?? [];
    return best !== undefined && best.confidence >= sureEnough && isOwn(best.profile) ? best : undefined;
  }

  #adopted(topic: string, before: Known | undefined, by: Finding, found: readonly Finding[]): Known {
    this.adoptions.remember(by.profile, topic, by.place);
    const route = this.#routeOf(this.#byName.get(by.profile)!, topic);
    return this.#knownAs(topic, before, route, undefined, templateBy(by, topic), found);
  }

  /** There is no time to find out: with its next message, perhaps. */
  #later(topic: string, before: Known | undefined): Known {
    this.#postponed++;
    if (before !== undefined) return { ...before, route: undefined, lookAgainAt: before.seen + 1 };
    const known = this.#knownAs(topic, before, undefined, undefined, undefined, []);
    return { ...known, lookAgainAt: known.seen + 1 };
  }

  #knownAs(
    topic: string,
    before: Known | undefined,
    route: Route | undefined,
    binding: Binding | undefined,
    template: string | undefined,
    suggestions: readonly Suggestion[],
  ): Known {
    const profile = route?.profile.name;
    const found = { template: binding?.template ?? template, profile, isByPeople: binding !== undefined, suggestions };
    const meter = this.#deps.topics?.meterOf(topic, found, before?.meter);
    const { seen = 1, lookAgainAt = 1 } = before ?? {};
    const isByLook = route !== undefined && binding === undefined && template === undefined;
    return { route, meter, seen, lookAgainAt: lookAgainAt * 2, learnt: this.#learnt.count, isByLook };
  }

  #routeOf(
    profile: CompiledProfile,
    topic: string,
    adopted?: Binding,
    use = this.#useOf(profile),
    nameOf = this.#nameOf,
  ): Route {
    const device = adopted?.kind === 'adopted' ? adopted.deviceOf?.(topic) : undefined;
    return new Route(
      {
        profile,
        topic,
        limits: this.#deps.options,
        nameOf,
        codecOf: this.#codecs.of,
        names: this.#names,
        hintsOf: this.#codecs.hintsOf,
        learnt: this.#learnt,
        ...(adopted?.kind === 'adopted' && { adopted: { device } }),
      },
      use,
    );
  }

  #useOf({ name }: CompiledProfile): ProfileUse {
    let use = this.#uses.get(name);
    if (use === undefined) {
      use = new ProfileUse();
      this.#uses.set(name, use);
    }
    return use;
  }
}

/** What a profile's pattern says of all topics like this; undefined when it says nothing. */
function templateBy({ place }: Finding, topic: string): string | undefined {
  const template = place && templateOf(place.pattern.text, topic);
  return template !== undefined && /[^/+#]/.test(template) ? template : undefined;
}

/** A decoder by itself, with the profiles that the configuration asks for: it knows of no bindings, and what it learns is its own. */
export function createDecoder(options: DecodeOptions, library: Library = profilesFor(options)): Decoder {
  return new ProfileDecoder({ options, profiles: compiledIn(library) }).decode;
}
