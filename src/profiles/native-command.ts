import { closest } from '../lib/spelling.ts';
import { parseJson, textOf } from './json.ts';
import type { CommandOptions } from './language/command-options.ts';
import type { CompiledProfile } from './language/compiled.ts';
import { fill } from './language/mapping.ts';

/** A command in a device's own words. */
export type NativeCommand =
  | { readonly kind: 'native'; readonly topic: string; readonly payload: string }
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
 * @param commands what its profile says that it can be asked
 * @param names what its topics gave names to: see {@link namesIn}
 */
export function nativeCommand(
  commands: readonly CommandOptions[],
  names: ReadonlyMap<string, string>,
  { name, payload }: Told,
): NativeCommand {
  const all = commands.map((command) => command.name);
  const command =
    commands.find((one) => one.name === name) ?? (name === '' && commands.length === 1 ? commands[0] : undefined);
  if (command === undefined) {
    const meant = closest(name, all);
    const hint = meant === undefined ? `there are ${all.join(', ')}` : `did you mean ${meant}?`;
    return {
      kind: 'refused',
      reason: name === '' ? `its name is needed: ${hint}` : `it has no command ${name}; ${hint}`,
    };
  }
  const text = textOf(payload)?.trim();
  if (text === undefined) return { kind: 'refused', reason: 'its payload is no text' };
  const parsed = parseJson(text);
  const value = typeof parsed === 'object' || parsed === undefined ? text : parsed;
  const fault = valueFault(command, value);
  if (fault !== undefined) return { kind: 'refused', reason: fault };
  const { words = {} } = command;
  // The value comes from outside: `constructor` is none of the words.
  const word = Object.hasOwn(words, String(value)) ? words[String(value)] : value;
  const missing = [...command.topic.matchAll(/\{([^{}]+)\}/g)].find(([, key]) => !names.has(key!));
  if (missing !== undefined) return { kind: 'refused', reason: `nothing was heard of it that tells its ${missing[1]}` };
  const filled = command.payload.replace(/\{([^{}]+)\}/g, (whole, key: string) =>
    key === 'value' ? String(word) : (names.get(key) ?? whole),
  );
  return { kind: 'native', topic: fill(command.topic, names), payload: filled };
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

function valueFault({ values, range }: CommandOptions, value: unknown): string | undefined {
  if (values !== undefined && !values.some((one) => String(one) === String(value)))
    return `its value is ${shown(value)}, but must be ${values.map(String).join(', ')}`;
  if (range === undefined) return undefined;
  const number = typeof value === 'number' ? value : Number.NaN;
  return number >= range[0]! && number <= range[1]!
    ? undefined
    : `its value is ${shown(value)}, but must be a number from ${range[0]} to ${range[1]}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(String(value));
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
