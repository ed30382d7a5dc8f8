import type { SerialWords } from '../core/command.ts';
import { closest } from '../lib/spelling.ts';
import { commandValue, valueFault, wordFor } from './commands/command-value.ts';
import { registerWrite } from './commands/register-write.ts';
import { serialCommand } from './commands/serial-command.ts';
import { textOf } from './json.ts';
import type { CommandOptions } from './language/command-options.ts';
import type { CompiledProfile } from './language/compiled.ts';
import { fill } from './language/mapping.ts';
import type { ProfileOptions } from './language/options.ts';
import type { RegisterWrite } from './modbus/pdu.ts';

/** A command in a device's own words. */
export type NativeCommand =
  /** What is published over MQTT. */
  | { readonly kind: 'native'; readonly topic: string; readonly payload: string }
  /** What is sent over a serial line. */
  | ({ readonly kind: 'send' } & SerialWords)
  /** What is written over Modbus. */
  | { readonly kind: 'write'; readonly write: RegisterWrite }
  /** Why the device would not understand it, as the rest of a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface Told {
  readonly name: string;
  /** JSON, or text. Empty: no value. */
  readonly payload: Uint8Array;
}

/**
 * What a command is in the words of a device's profile. Pure.
 *
 * @param profile what it says that its devices can be asked, and what registers they have
 * @param names what its topics gave names to: see {@link namesIn}
 */
export function nativeCommand(
  { commands = [], modbus }: Pick<ProfileOptions, 'commands' | 'modbus'>,
  names: ReadonlyMap<string, string>,
  { name, payload }: Told,
): NativeCommand {
  const command =
    commands.find((one) => one.name === name) ?? (name === '' && commands.length === 1 ? commands[0] : undefined);
  if (command === undefined) return unknownCommand(commands, name);
  const text = textOf(payload)?.trim();
  if (text === undefined) return { kind: 'refused', reason: 'its payload is no text' };
  const asked = commandValue(text);
  const fault = valueFault(command, asked.value);
  if (fault !== undefined) return { kind: 'refused', reason: fault };
  const word = wordFor(command.words, asked.value);
  if (command.topic !== undefined) return published(command.topic, command.payload, names, word);
  if (command.send !== undefined || command.sendHex !== undefined)
    return serialCommand(command, { ...asked, value: word });
  return registerWrite(command, modbus, word);
}

function unknownCommand(commands: readonly CommandOptions[], name: string): NativeCommand {
  const all = commands.map((command) => command.name);
  const meant = closest(name, all);
  const hint = meant === undefined ? `there are ${all.join(', ')}` : `did you mean ${meant}?`;
  return {
    kind: 'refused',
    reason: name === '' ? `its name is needed: ${hint}` : `it has no command ${name}; ${hint}`,
  };
}

function published(
  topic: string,
  payload: string,
  names: ReadonlyMap<string, string>,
  word: boolean | number | string,
): NativeCommand {
  const missing = [...topic.matchAll(/\{([^{}]+)\}/g)].find(([, key]) => !names.has(key!));
  if (missing !== undefined) return { kind: 'refused', reason: `nothing was heard of it that tells its ${missing[1]}` };
  const filled = payload.replace(/\{([^{}]+)\}/g, (whole, key: string) =>
    key === 'value' ? String(word) : (names.get(key) ?? whole),
  );
  return { kind: 'native', topic: fill(topic, names), payload: filled };
}

/** What the topics that a device was heard on give names to, by its profile. */
export function namesIn(profile: CompiledProfile, topics: Iterable<string>): Map<string, string> {
  const names = new Map<string, string>();
  for (const topic of topics) {
    for (const message of profile.messages) {
      for (const pattern of message.topics) {
        const found = pattern.match(topic);
        if (found === undefined) continue;
        for (const [key, value] of found) if (!names.has(key)) names.set(key, value);
        break;
      }
    }
  }
  return names;
}
