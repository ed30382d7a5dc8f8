import type { Command, NativeWords, SerialWords } from '../core/command.ts';
import type { CommandOptions } from '../profiles/language/command-options.ts';
import type { Profile } from '../profiles/library.ts';
import type { RegisterWrite } from '../profiles/modbus/pdu.ts';
import { type NativeCommand, namesIn, nativeCommand } from '../profiles/native-command.ts';

/** What has to be known of a device to speak its language. */
export interface KnownDevice {
  /** The way in over which it was heard first: `mqtt`, `serial`, … */
  readonly source: string;
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
    const topics = known.commands.map(({ topic = '\0' }) =>
      topic.replace(/\{([^{}]+)\}/g, (_, key) => known.names.get(key) ?? '\0'),
    );
    return topics.filter((topic) => !topic.includes('\0'));
  }

  wordsFor(command: Told): { readonly topic: string; readonly payload: string } | undefined {
    const words = this.#wordsFor(command);
    return words?.kind === 'native' ? words : undefined;
  }

  /** Where a device that understands commands over a serial line or Modbus is, by the topic of its messages. */
  lineOf(deviceId: string, source: 'serial' | 'modbus'): string | undefined {
    const known = this.#known(deviceId);
    if (known?.source !== source || !known.commands.some((command) => lineFor(command) === source)) return undefined;
    return known.topics.keys().next().value;
  }

  /** What is sent to a device over a serial line; undefined when it has no such words for it. */
  serialWordsFor(command: Told): SerialWords | undefined {
    const words = this.#wordsFor(command);
    return words?.kind === 'send' ? words : undefined;
  }

  /** What is written to a device over Modbus; undefined when it has no such words for it. */
  writeFor(command: Told): RegisterWrite | undefined {
    const words = this.#wordsFor(command);
    return words?.kind === 'write' ? words.write : undefined;
  }

  /** Why a device would not understand a command; undefined when it would, or nothing is known of its language. */
  obstacle(command: Told): string | undefined {
    const words = this.#wordsFor(command);
    return words?.kind === 'refused' ? words.reason : undefined;
  }

  #wordsFor({ deviceId, name, payload }: Told): NativeCommand | undefined {
    const known = this.#known(deviceId);
    return known && nativeCommand(known.options, known.names, { name, payload });
  }

  #known(deviceId: string) {
    const device = this.#deps.deviceOf(deviceId);
    const profile = device?.profile && this.#deps.profileOf(device.profile.name);
    const commands = profile?.options.commands;
    if (device === undefined || profile === undefined || commands === undefined) return undefined;
    const { source, presence, topics } = device;
    const names = namesIn(profile.compiled, topics.keys());
    return { commands, options: profile.options, names, source, presence, topics };
  }
}

/** Over which kind of line a command goes. */
function lineFor({ send, sendHex, register, write }: CommandOptions): 'serial' | 'modbus' | undefined {
  if ((send ?? sendHex) !== undefined) return 'serial';
  return register === undefined && write === undefined ? undefined : 'modbus';
}
