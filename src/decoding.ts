import { isDeepStrictEqual } from 'node:util';
import type { RuleBook } from './admission/rule-book.ts';
import type { ProfileEditorApi } from './api/profile-editor-routes.ts';
import type { ProfilesApi, ReloadedProfiles } from './api/profiles-routes.ts';
import type { RecordBuffer } from './buffer/buffer.ts';
import type { GatewayClock } from './clock/clock.ts';
import type { Config } from './config/schema.ts';
import { HeadgateError } from './core/errors.ts';
import type { Shelf } from './core/shelf.ts';
import type { Log } from './lib/log.ts';
import type { Service } from './lib/service.ts';
import { WorkBudget } from './lib/work-budget.ts';
import { ProfileWords } from './pipeline/native-words.ts';
import { Redecoder } from './pipeline/redecode/redecoder.ts';
import { TopicDesk } from './pipeline/topics/topic-desk.ts';
import { type Decoder, ProfileDecoder, type ProfileDecoderDependencies } from './profiles/decoder.ts';
import { profileDescription, profileSummary, profilesStatus } from './profiles/describe.ts';
import { topicPattern } from './profiles/language/topic-pattern.ts';
import { compiledIn, type Library, profilesFor } from './profiles/library.ts';
import { modbusDeviceOf } from './profiles/modbus/device.ts';
import { modbusLines } from './profiles/modbus-guess.ts';
import { OwnProfiles, withOwn } from './profiles/own-profiles.ts';
import { guessProfiles, lineGuesses } from './profiles/serial-guess.ts';
import { serialLineOf } from './profiles/serial-line.ts';
import { interrogation } from './profiles/serial-questions.ts';
import type { ProfilesStatus } from './profiles/status.ts';
import { draftFor, tryProfile } from './profiles/workbench.ts';
import { DeviceRegistry, type RegistryDependencies } from './registry/registry.ts';
import { keepAdoptions } from './registry/topics/adoption-shelf.ts';
import { Bindings } from './registry/topics/bindings.ts';
import { TopicBook } from './registry/topics/topic-book.ts';
import { profilesOfUnits, unheardOnBus } from './sources/modbus/bus-profiles.ts';
import type { ModbusProfiles } from './sources/modbus/modbus.ts';
import { profilesOfPorts, unheardOnPort } from './sources/serial/port-profiles.ts';
import type { SerialProfiles } from './sources/serial/serial.ts';

export interface DecodingDependencies extends Pick<RegistryDependencies, 'report'> {
  readonly config: Pick<Config, 'dataDir' | 'decode' | 'registry' | 'serial' | 'modbus'>;
  readonly buffer: RecordBuffer;
  readonly rules: RuleBook;
  readonly clock: GatewayClock;
  /** The log of a part. */
  readonly log: (part: string) => Log;
}

/** What messages mean: the second half of the composition root, with profiles, their decoder, and the devices that it tells of. */
export class Decoding implements Service {
  readonly name = 'registry';
  #library: Library;
  readonly #options: Config['decode'];
  readonly #config: DecodingDependencies['config'];
  readonly #own: OwnProfiles;
  readonly #log: Log;
  readonly decoder: ProfileDecoder;
  readonly #newDecoder: () => ProfileDecoder;
  readonly #clock: GatewayClock;
  readonly #shelf: Shelf;
  readonly #bindings: Bindings;
  readonly registry: DeviceRegistry;
  readonly topics: TopicDesk;
  readonly words: ProfileWords;
  readonly redecoder: Redecoder;

  /** @throws {HeadgateError} config.unreadable when a directory of profiles can't be read */
  constructor({ config, buffer, rules, clock, report, log }: DecodingDependencies) {
    const options = withOwn(config);
    this.#config = config;
    this.#own = new OwnProfiles(config.dataDir);
    this.#clock = clock;
    this.#shelf = buffer.shelf;
    this.#options = options;
    this.#log = log('profiles');
    this.#library = profilesFor(options);
    this.#tellErrors('A profile is left out: it is wrong.');
    this.#bindings = new Bindings({
      shelf: buffer.shelf,
      hasProfile: (name) => this.library.profiles.has(name),
      deviceBy: (pattern) => {
        const { match } = topicPattern(pattern);
        return (topic) => match(topic)?.get('device');
      },
      log: log('registry'),
    });
    const { bindingOf } = this.#bindings;
    const isOwn = (name: string): boolean => this.library.profiles.get(name)?.origin !== 'built-in';
    const lines = { portProfile: profilesOfPorts(config.serial), unitProfile: profilesOfUnits(config.modbus) };
    const decoderWith = (rest: Partial<ProfileDecoderDependencies>) =>
      new ProfileDecoder({ options, profiles: compiledIn(this.library), ...lines, ...rest });
    const book = new TopicBook(() => clock.monotonic());
    this.decoder = decoderWith({ bindingOf, isOwn, topics: book });
    // What was stored in a flood is decoded in full.
    const budget = new WorkBudget(1, Number.POSITIVE_INFINITY);
    this.#newDecoder = () => decoderWith({ bindingOf, isOwn, budget, adoptions: this.decoder.adoptions.copy() });
    this.topics = new TopicDesk({
      ...{ book, bindings: this.#bindings, decoder: this.decoder, now: clock.now },
      library: () => this.library,
      newDecoder: () => decoderWith({}),
    });
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
      deviceOf: (id) => this.registry.find(id) ?? unheardOnPort(config.serial, id) ?? unheardOnBus(config.modbus, id),
      profileOf: (name) => this.library.profiles.get(name),
    });
    this.redecoder = new Redecoder({
      ...{ buffer, rules, clock },
      freshDecoder: () => this.freshDecoder(),
      versionOf: (name) => this.library.profiles.get(name)?.options.version,
      log: log('profiles'),
    });
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async start(): Promise<void> {
    // Before anything is decoded, lessons included: what was decided is what it is decoded by.
    await this.#bindings.load();
    await keepAdoptions(this.decoder.adoptions, this.#shelf);
    await this.registry.start();
  }

  async stop(): Promise<void> {
    await this.registry.stop();
  }

  /** Another decoder that has learnt what this gateway knows, and shares nothing with the one for what comes in. */
  async freshDecoder(): Promise<Decoder> {
    const decoder = this.#newDecoder();
    for (const [index, lesson] of (await this.registry.lessons()).entries()) {
      decoder.teach(lesson, this.#clock.now());
      // Thousands of them take longer than what comes in should wait.
      if (index % 20 === 0) await new Promise(setImmediate);
    }
    return decoder.decode;
  }

  /** The profiles that there are now. */
  get library(): Library {
    return this.#library;
  }

  /** What profiles say of serial ports. */
  readonly serial: SerialProfiles = {
    lineOf: (name) => serialLineOf(name, this.#library.profiles.get(name)),
    lines: () => lineGuesses(this.#library),
    portOf: (deviceId) => this.words.lineOf(deviceId, 'serial'),
    wordsFor: (command) => this.words.serialWordsFor(command),
    guess: (bytes) => guessProfiles(bytes, this.#library, this.#options),
    questions: (line) => interrogation(line, this.#library, this.#options),
    askedLines: modbusLines,
  };

  /** What profiles say of Modbus devices. */
  readonly modbus: ModbusProfiles = {
    deviceOf: (name) => modbusDeviceOf(name, this.#library.profiles.get(name)),
    topicOf: (deviceId) => this.words.lineOf(deviceId, 'modbus'),
    writeFor: (command) => this.words.writeFor(command),
  };

  /** Reads the profiles again. One that is wrong now stays as it was. @throws {HeadgateError} config.unreadable */
  readonly reload = (): ReloadedProfiles => {
    const before = this.#library;
    this.#library = profilesFor(withOwn(this.#config), before);
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
    return { ...profilesStatus(this.library, this.decoder.uses), topics: this.topics.status() };
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

  /** Where people make profiles. */
  readonly editor: ProfileEditorApi = {
    draft: draftFor,
    tryOut: tryProfile,
    text: (name) => this.#own.text(name),
    save: (name, text) => {
      if (!this.#options.profiles)
        throw new HeadgateError('request.conflict', 'Profiles are switched off: `decode.profiles` is false.');
      const file = this.#own.save(name, text);
      return { file, ...this.reload() };
    },
    remove: (name) => (this.#own.remove(name) ? this.reload() : undefined),
  };

  /** What a message would be now, by what people decided too; nobody hears of it, and nothing is learnt. */
  readonly decodeAside: Decoder = (message, receivedAtMs) => this.#newDecoder().decode(message, receivedAtMs);

  readonly decode: Decoder = (message, receivedAtMs) => this.decoder.decode(message, receivedAtMs);
}
