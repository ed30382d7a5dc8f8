import type { Decoded } from '../core/decoded.ts';
import type { Message } from '../core/message.ts';
import type { UnixMs } from '../core/time.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { Codec } from './codec.ts';
import { codecs } from './codecs/codecs.ts';
import { createDeviceNamer } from './device-id.ts';
import { DeviceNames } from './device-names.ts';
import { createGeneralDecoder } from './general.ts';
import type { CompiledProfile } from './language/compiled.ts';
import { compiledIn, type Library, loadLibrary } from './library.ts';
import type { DecodeOptions } from './options.ts';
import { ProfileUse } from './profile-use.ts';
import { recognise, type Suggestion, sureEnough } from './recognise.ts';
import { Route } from './route.ts';

/** Turns a message into measurements. Never throws: what can't be decoded has no fields and keeps its payload. */
export type Decoder = (message: Message, receivedAtMs: UnixMs) => Decoded;

const maxRoutes = 10_000;
/** No profile is known for a topic: after how many messages it is looked again, doubled each time. */
interface Unknown {
  seen: number;
  lookAgainAt: number;
  lessons: number;
}

/** What people decided for a topic. */
export type Binding =
  /** Its messages are decoded by this profile. */
  | { readonly kind: 'adopted'; readonly profile: string }
  /** Its messages are decoded by the general rules, whatever they look like. */
  | { readonly kind: 'ignored' };

export interface ProfileDecoderDependencies {
  readonly options: Omit<DecodeOptions, 'profiles' | 'profileDirs'>;
  readonly profiles: readonly CompiledProfile[];
  /** What people decided for a topic; undefined: nothing. */
  readonly bindingOf?: (topic: string) => Binding | undefined;
}

/**
 * Decodes messages by the profile of their topic. Which one that is, is found out with the topic's first message, and again
 * when something new was learnt; after that a message costs one look into a table.
 */
export class ProfileDecoder {
  readonly #deps: ProfileDecoderDependencies;
  readonly #general: Decoder;
  readonly #nameOf: (topic: string) => string;
  readonly #codecs = new Map<string, Codec>();
  readonly #names = new DeviceNames();
  readonly #byName: ReadonlyMap<string, CompiledProfile>;
  readonly #routes = new RecentMap<string, Route | Unknown>(maxRoutes);
  readonly #uses = new Map<string, ProfileUse>();
  #lessons = 0;

  constructor(deps: ProfileDecoderDependencies) {
    this.#deps = deps;
    this.#general = createGeneralDecoder(deps.options);
    this.#nameOf = createDeviceNamer(deps.options.deviceTopics);
    this.#byName = new Map(deps.profiles.map((profile) => [profile.name, profile]));
  }

  readonly decode: Decoder = (message, receivedAtMs) => {
    const { topic, payload } = message;
    let known = this.#routes.get(topic);
    if (known === undefined || (!(known instanceof Route) && this.#isDue(known))) {
      known = this.#look(topic, payload, known);
      this.#routes.set(topic, known);
    }
    if (!(known instanceof Route) || payload.length > this.#deps.options.maxBytes)
      return this.#general(message, receivedAtMs);
    const decoded = known.decode(message, receivedAtMs);
    const { use } = known;
    use.messages++;
    if (decoded.failure !== undefined) use.failed(decoded.failure, message, receivedAtMs);
    if (decoded.isLesson) this.#lessons++;
    return decoded;
  };

  /** What a topic's messages may be, the likeliest first. */
  suggest(topic: string, payload: Uint8Array): readonly Suggestion[] {
    return recognise(this.#deps.profiles, this.#codecOf, topic, payload.subarray(0, this.#deps.options.maxBytes));
  }

  /** By which profile a topic's messages are decoded; undefined: by the general rules. */
  profileOf(topic: string): string | undefined {
    const known = this.#routes.get(topic);
    return known instanceof Route ? known.profile.name : undefined;
  }

  /** What became of the messages of each profile that had any, by its name. */
  get uses(): ReadonlyMap<string, ProfileUse> {
    return this.#uses;
  }

  /** Bindings have changed: every topic is looked at again. */
  bindingsChanged(): void {
    this.#routes.clear();
  }

  /**
   * Decodes by a given profile, whatever the topic's own is: for tests of profiles.
   *
   * @param use what the profile's messages before it left behind
   */
  decodeBy(profile: CompiledProfile, message: Message, receivedAtMs: UnixMs, use = new ProfileUse()): Decoded {
    return this.#routeOf(profile, message.topic, use).decode(message, receivedAtMs);
  }

  #isDue(unknown: Unknown): boolean {
    unknown.seen++;
    // Something was learnt: perhaps it tells what this is.
    return unknown.seen >= unknown.lookAgainAt || unknown.lessons !== this.#lessons;
  }

  #look(topic: string, payload: Uint8Array, before: Unknown | undefined): Route | Unknown {
    const unknown = before ?? { seen: 1, lookAgainAt: 1, lessons: 0 };
    unknown.lookAgainAt *= 2;
    unknown.lessons = this.#lessons;
    const binding = this.#deps.bindingOf?.(topic);
    if (binding?.kind === 'ignored') return unknown;
    const name = binding === undefined ? this.#recognised(topic, payload) : binding.profile;
    const profile = name === undefined ? undefined : this.#byName.get(name);
    return profile === undefined ? unknown : this.#routeOf(profile, topic);
  }

  #recognised(topic: string, payload: Uint8Array): string | undefined {
    if (payload.length > this.#deps.options.maxBytes) return undefined;
    const [best] = this.suggest(topic, payload);
    return best !== undefined && best.confidence >= sureEnough ? best.profile : undefined;
  }

  #routeOf(profile: CompiledProfile, topic: string, use = this.#useOf(profile)): Route {
    const { options } = this.#deps;
    const { nameOf, codecOf, names } = { nameOf: this.#nameOf, codecOf: this.#codecOf, names: this.#names };
    return new Route({ profile, topic, limits: options, nameOf, codecOf, names }, use);
  }

  #useOf({ name }: CompiledProfile): ProfileUse {
    let use = this.#uses.get(name);
    if (use === undefined) {
      use = new ProfileUse();
      this.#uses.set(name, use);
    }
    return use;
  }

  readonly #codecOf = (name: string): Codec | undefined => {
    let codec = this.#codecs.get(name);
    if (codec === undefined) {
      codec = codecs.get(name)?.();
      if (codec !== undefined) this.#codecs.set(name, codec);
    }
    return codec;
  };
}

/** The profiles that a configuration asks for. @throws {HeadgateError} config.unreadable */
export function profilesFor({ profiles, profileDirs }: DecodeOptions): Library {
  return profiles ? loadLibrary(profileDirs) : { profiles: new Map(), errors: [] };
}

/** A decoder by itself, with the profiles that the configuration asks for: it knows of no bindings, and what it learns is its own. */
export function createDecoder(options: DecodeOptions, library: Library = profilesFor(options)): Decoder {
  return new ProfileDecoder({ options, profiles: compiledIn(library) }).decode;
}
