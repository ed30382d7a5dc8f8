import { isDeepStrictEqual } from 'node:util';
import type { RuleBook } from './admission/rule-book.ts';
import type { ProfilesApi, ReloadedProfiles } from './api/profiles-routes.ts';
import type { RecordBuffer } from './buffer/buffer.ts';
import type { GatewayClock } from './clock/clock.ts';
import type { Config } from './config/schema.ts';
import type { Log } from './lib/log.ts';
import { ProfileWords } from './pipeline/native-words.ts';
import { Redecoder } from './pipeline/redecode/redecoder.ts';
import { type Decoder, ProfileDecoder, profilesFor } from './profiles/decoder.ts';
import { profileDescription, profileSummary, profilesStatus } from './profiles/describe.ts';
import { compiledIn, type Library } from './profiles/library.ts';
import type { ProfilesStatus } from './profiles/status.ts';
import { DeviceRegistry, type RegistryDependencies } from './registry/registry.ts';

export interface DecodingDependencies extends Pick<RegistryDependencies, 'report'> {
  readonly config: Pick<Config, 'decode' | 'registry'>;
  readonly buffer: RecordBuffer;
  readonly rules: RuleBook;
  readonly clock: GatewayClock;
  /** The log of a part. */
  readonly log: (part: string) => Log;
}

/** What messages mean: the second half of the composition root, with profiles, their decoder, and the devices that it tells of. */
export class Decoding {
  #library: Library;
  readonly #options: Config['decode'];
  readonly #log: Log;
  readonly decoder: ProfileDecoder;
  readonly #newDecoder: () => ProfileDecoder;
  readonly #clock: GatewayClock;
  readonly registry: DeviceRegistry;
  readonly words: ProfileWords;
  readonly redecoder: Redecoder;

  /** @throws {HeadgateError} config.unreadable when a directory of profiles can't be read */
  constructor({ config, buffer, rules, clock, report, log }: DecodingDependencies) {
    const { decode: options } = config;
    this.#clock = clock;
    this.#options = options;
    this.#log = log('profiles');
    this.#library = profilesFor(options);
    this.#tellErrors('A profile is left out: it is wrong.');
    this.#newDecoder = () => new ProfileDecoder({ options, profiles: compiledIn(this.library) });
    this.decoder = this.#newDecoder();
    this.registry = new DeviceRegistry({
      options: config.registry,
      shelf: buffer.shelf,
      clock,
      corrections: clock.corrections,
      operatingMs: () => buffer.operatingMs,
      silenceOf: (profile) => this.library.profiles.get(profile)?.options.silence,
      teach: (message) => this.decoder.teach(message, clock.now()),
      report,
      log: log('registry'),
    });
    this.words = new ProfileWords({
      deviceOf: (id) => this.registry.describe(id),
      profileOf: (name) => this.library.profiles.get(name),
    });
    this.redecoder = new Redecoder({
      ...{ buffer, rules, clock },
      freshDecoder: () => this.freshDecoder(),
      versionOf: (name) => this.library.profiles.get(name)?.options.version,
      log: log('profiles'),
    });
  }

  /** Another decoder that has learnt what this gateway knows, and shares nothing with the one for what comes in. */
  async freshDecoder(): Promise<Decoder> {
    const decoder = this.#newDecoder();
    for (const [index, lesson] of (await this.registry.lessons()).entries()) {
      decoder.decode(lesson, this.#clock.now());
      // Thousands of them take longer than what comes in should wait.
      if (index % 20 === 0) await new Promise(setImmediate);
    }
    return decoder.decode;
  }

  /** The profiles that there are now. */
  get library(): Library {
    return this.#library;
  }

  /** Reads the profiles again. One that is wrong now stays as it was. @throws {HeadgateError} config.unreadable */
  readonly reload = (): ReloadedProfiles => {
    const before = this.#library;
    this.#library = profilesFor(this.#options, before);
    this.#tellErrors('A profile is wrong: it stays as it was.');
    const names = new Set([...before.profiles.keys(), ...this.#library.profiles.keys()]);
    const changed = [...names].filter(
      (name) => !isDeepStrictEqual(before.profiles.get(name)?.options, this.#library.profiles.get(name)?.options),
    );
    if (changed.length > 0) {
      this.decoder.useProfiles(compiledIn(this.#library));
      this.#log.info({ changed }, 'Profiles have changed: they hold from the next message on.');
    }
    return { profiles: this.#library.profiles.size, changed: changed.sort(), errors: this.#library.errors };
  };

  #tellErrors(what: string): void {
    for (const error of this.#library.errors) this.#log.warn({ error }, what);
  }

  status(): ProfilesStatus {
    return profilesStatus(this.library, this.decoder.uses);
  }

  readonly api: ProfilesApi = {
    reload: this.reload,
    profiles: () => {
      const { profiles } = this.library;
      const names = [...profiles.keys()].sort();
      return names.map((name) => profileSummary(profiles.get(name)!, this.decoder.uses.get(name)));
    },
    profile: (name) => {
      const profile = this.library.profiles.get(name);
      return profile && profileDescription(profile, this.decoder.uses.get(name));
    },
  };

  readonly decode: Decoder = (message, receivedAtMs) => this.decoder.decode(message, receivedAtMs);
}
