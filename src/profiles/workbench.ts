import type { Decoded } from '../core/decoded.ts';
import { HeadgateError } from '../core/errors.ts';
import { codecs } from './codecs/codecs.ts';
import { ProfileDecoder } from './decoder.ts';
import { decodeExample, exampleLimits, mismatches } from './examples.ts';
import { type Captured, draftProfile } from './language/draft.ts';
import { type LoadedProfile, readProfile } from './language/load.ts';

/** Something that is wrong in a profile's text. Lines and columns count from 1. */
export interface ProfileFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** An example of a profile, and what it becomes. */
export interface TriedExample {
  readonly line: number;
  readonly about: string | undefined;
  readonly topic: string | undefined;
  /** What is not as it says, a sentence each. */
  readonly faults: readonly string[];
  /** Undefined: it is of a command. */
  readonly decoded: Decoded | undefined;
}

/** What a message becomes by a profile. */
export interface TriedMessage {
  readonly decoded: Decoded;
  /** How sure the profile is of it, from 0 to 1; undefined: it would not be recognised by itself. */
  readonly confidence: number | undefined;
}

/** A profile as it was tried: what is wrong with it, or what it makes of its examples and of a message. */
export type Trial =
  | { readonly faults: readonly ProfileFault[] }
  | { readonly examples: readonly TriedExample[]; readonly message: TriedMessage | undefined };

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}\/[a-z0-9][a-z0-9._-]{0,63}$/;
/** A text has no more than this tried: further ones are left out. */
const maxTried = 50;
/** Nor so many faults told: most follow from the first ones. */
const maxFaults = 100;

export function isProfileName(name: string): boolean {
  return namePattern.test(name);
}

/** @throws {HeadgateError} request.invalid */
export function checkProfileName(name: string): void {
  if (!isProfileName(name))
    throw new HeadgateError(
      'request.invalid',
      'A profile is named `vendor/model`, in small letters, digits, dots and dashes: `acme/th-10`.',
    );
}

/** A first text from one message of a device. @throws {HeadgateError} request.invalid when it can't be named so */
export function draftFor(captured: Captured): string {
  checkProfileName(captured.name);
  return draftProfile(captured);
}

/** Reads the text of a profile that is being written. */
export function readDraft(name: string, text: string): LoadedProfile | { readonly faults: readonly ProfileFault[] } {
  const read = readProfile(text, name, '', [...codecs.keys()]);
  return 'errors' in read ? { faults: read.errors.slice(0, maxFaults).map(faultIn) } : read;
}

/**
 * Tries a profile's text; nothing is kept of it.
 *
 * @param message one that came, beside its own examples
 * @throws {HeadgateError} request.invalid when it can't be named so
 */
export function tryProfile(
  name: string,
  text: string,
  message?: { readonly topic: string; readonly payload: Uint8Array },
): Trial {
  checkProfileName(name);
  const draft = readDraft(name, text);
  if ('faults' in draft) return draft;
  const examples = draft.options.examples.slice(0, maxTried).map((example, index) => ({
    line: faultIn(`${draft.where({ path: ['examples', index], at: 'value' })}: `).line,
    about: example.about,
    topic: example.topic,
    faults: mismatches(draft, example),
    decoded: example.command === undefined ? decodeExample(draft.compiled, example) : undefined,
  }));
  return { examples, message: message && tryMessage(draft, message.topic, message.payload) };
}

function tryMessage({ compiled }: LoadedProfile, topic: string, payload: Uint8Array): TriedMessage {
  const payloadHex = Buffer.from(payload).toString('hex');
  const decoded = decodeExample(compiled, { source: '', topic, payloadHex });
  const decoder = new ProfileDecoder({ options: exampleLimits, profiles: [compiled] });
  const { confidence } = decoder.suggest(topic, payload).find(({ profile }) => profile === compiled.name) ?? {};
  return { decoded, confidence };
}

/** `:4:10: what`, as it is told of a file without a name. */
function faultIn(line: string): ProfileFault {
  const [, row = '1', column = '1', message = line] = /^:(\d+):(\d+): ?(.*)$/s.exec(line) ?? [];
  return { line: Number(row), column: Number(column), message };
}
