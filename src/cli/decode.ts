import type { Message } from '../core/message.ts';
import { closest } from '../lib/spelling.ts';
import { codecs } from '../profiles/codecs/codecs.ts';
import { ProfileDecoder } from '../profiles/decoder.ts';
import { compiledIn, type Library, profilesFor } from '../profiles/library.ts';
import { withOwn } from '../profiles/own-profiles.ts';
import { decodeStream, reasonFor } from '../profiles/stream.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { bytesOf, messageIn } from './captured.ts';
import { configOf, configOptions } from './config-options.ts';
import { decodedJson } from './decoded-json.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'decode',
  about: 'Shows, as JSON, what the gateway would find in a message, by which profile, and what it looks like.',
  options: {
    topic: { value: 'TOPIC', about: 'The topic it came on.' },
    serial: { value: 'PROFILE', about: 'Or: it came over a serial port, from such a device.' },
    payload: { value: 'TEXT', about: 'The payload as text (UTF-8), or' },
    'payload-hex': { value: 'HEX', about: 'the payload as pairs of hexadecimal digits.' },
    profile: { value: 'PROFILE', about: 'Decode by this profile, whatever the message looks like.' },
    after: {
      value: 'TOPIC=TEXT',
      multiple: true,
      about: 'A message that came before, such as a Home Assistant discovery message. May be repeated.',
    },
    ...configOptions,
  },
} as const satisfies Usage;

export async function decodeOnce(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { topic, serial, payload: text, 'payload-hex': hex } = values;
  if ((topic === undefined || topic === '') === (serial === undefined))
    throw wrong(usage, 'one of --topic TOPIC and --serial PROFILE is needed.');
  if ((text === undefined) === (hex === undefined))
    throw wrong(usage, 'one of --payload TEXT and --payload-hex HEX is needed.');
  const payload = text === undefined ? bytesOf(usage, hex ?? '') : new TextEncoder().encode(text);
  const options = withOwn(configOf(values, terminal));
  const library = profilesFor(options);
  for (const error of library.errors) terminal.err(error);
  const decoder = new ProfileDecoder({ options, profiles: compiledIn(library) });
  const now = Date.now();
  for (const given of values.after) decoder.decode(messageIn(usage, given), now);
  if (serial !== undefined) {
    const stream = decodeStream(decoder, profileNamed(library, serial), 'serial', payload, now);
    const discarded = stream.discarded.map((one) => ({
      reason: one.reason,
      because: reasonFor(one),
      bytes: one.bytes,
      sample: Buffer.from(one.sample).toString('hex'),
    }));
    terminal.out(JSON.stringify({ messages: stream.messages.map(decodedJson), discarded }, undefined, 2));
    return 0;
  }
  const message: Message = { source: 'mqtt', topic: topic!, payload };
  const decoded =
    values.profile === undefined
      ? decoder.decode(message, now)
      : decoder.decodeBy(profileNamed(library, values.profile), message, now);
  const suggestions = decoder.suggest(message.topic, payload).slice(0, 3);
  terminal.out(JSON.stringify({ ...decodedJson(decoded), suggestions }, undefined, 2));
  return 0;
}

function profileNamed({ profiles }: Library, name: string) {
  const profile = profiles.get(name);
  if (profile !== undefined) return profile.compiled;
  const meant = closest(name, [...profiles.keys(), ...codecs.keys()]);
  const hint = profiles.has(meant ?? '')
    ? `did you mean ${meant}?`
    : '`headgate profile list` shows those that there are.';
  throw wrong(usage, `there is no profile ${name}; ${hint}`);
}
