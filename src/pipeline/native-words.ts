import type { Command, NativeWords } from '../core/command.ts';
import type { Profile } from '../profiles/library.ts';
import { type NativeCommand, namesIn, nativeCommand } from '../profiles/native-command.ts';

/** What has to be known of a device to speak its language. */
export interface KnownDevice {
  readonly profile: { readonly name: string } | undefined;
  readonly presence: string;
  /** Where it was heard, by topic. */
  readonly topics: ReadonlyMap<string, unknown>;
}

export interface NativeWordsDependencies {
  readonly deviceOf: (id: string) => KnownDevice | undefined;
  readonly profileOf: (name: string) => Profile | undefined;
}

type Told = Pick<Command, 'deviceId' | 'name' | 'payload'>;

/** Commands in devices' own words, by their profiles. */
export class ProfileWords implements NativeWords {
  readonly #deps: NativeWordsDependencies;

  constructor(deps: NativeWordsDependencies) {
    this.#deps = deps;
  }

  topics(deviceId: string): readonly string[] {
    const known = this.#known(deviceId);
    if (known === undefined || known.presence === 'offline') return [];
    const topics = known.commands.map(({ topic }) =>
      topic.replace(/\{([^{}]+)\}/g, (_, key) => known.names.get(key) ?? '\0'),
    );
    return topics.filter((topic) => !topic.includes('\0'));
  }

  wordsFor(command: Told): { readonly topic: string; readonly payload: string } | undefined {
    const words = this.#wordsFor(command);
    return words?.kind === 'native' ? words : undefined;
  }

  /** Why a device would not understand a command; undefined when it would, or nothing is known of its language. */
  obstacle(command: Told): string | undefined {
    const words = this.#wordsFor(command);
    return words?.kind === 'refused' ? words.reason : undefined;
  }

  #wordsFor({ deviceId, name, payload }: Told): NativeCommand | undefined {
    const known = this.#known(deviceId);
    return known && nativeCommand(known.commands, known.names, { name, payload });
  }

  #known(deviceId: string) {
    const device = this.#deps.deviceOf(deviceId);
    const profile = device?.profile && this.#deps.profileOf(device.profile.name);
    const commands = profile?.options.commands;
    if (device === undefined || profile === undefined || commands === undefined) return undefined;
    return { commands, names: namesIn(profile.compiled, device.topics.keys()), presence: device.presence };
  }
}
