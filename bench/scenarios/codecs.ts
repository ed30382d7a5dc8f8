import { join } from 'node:path';
import type { Message } from '../../src/core/message.ts';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { readProfiles } from '../../src/profiles/directory.ts';
import { createFramer } from '../../src/profiles/framing/framing.ts';
import type { ExampleOptions } from '../../src/profiles/language/example-options.ts';
import type { LoadedProfile } from '../../src/profiles/language/load.ts';
import { seeded, payload as textOf } from '../lib/payload.ts';
import type { Peer, Sample, Scenario } from '../lib/scenario.ts';

const limits = { deviceTopics: [], maxDepth: 32, maxFields: 5_000, maxBytes: 1_048_576 };
const receivedAtMs = Date.UTC(2026, 0, 1);
const floorName = 'JSON.parse alone';
const generalName = 'json, general rules';

/** What is decoded again and again, in turns. */
interface Work {
  readonly messages: readonly Message[];
  readonly decode: (message: Message) => number;
}

const { profiles } = readProfiles(join(import.meta.dirname, '../../devices'));

/** By codec or format, the first profile that decodes so and has examples of measurements. */
function profilesByFormat(): Map<string, LoadedProfile> {
  const found = new Map<string, LoadedProfile>();
  for (const [, loaded] of [...profiles].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first] = loaded.options.messages ?? [];
    if (first === undefined) continue;
    const format = first.codec ?? first.decode ?? 'json';
    const hasValues = loaded.options.examples.some(isMeasurement);
    // The same message again would be a duplicate.
    const isRepeatable = (loaded.options.messages ?? []).every(({ once }) => once === undefined);
    if (hasValues && isRepeatable && !found.has(format)) found.set(format, loaded);
  }
  return found;
}

function isMeasurement({ kind = 'measurement' }: ExampleOptions): boolean {
  return kind === 'measurement';
}

function workOf({ options, compiled }: LoadedProfile): Work {
  const examples = options.examples.filter(isMeasurement);
  const messages = examples.flatMap((example) => messagesOf(example, compiled.framing));
  const topics = new Set(messages.map(({ topic }) => topic));
  // Bound as a topic is once it is known: what is measured is the decoding, not the recognising.
  const bound = new ProfileDecoder({
    options: limits,
    profiles: [compiled],
    portProfile: () => compiled.name,
    bindingOf: (topic) => (topics.has(topic) ? { kind: 'adopted', profile: compiled.name } : undefined),
  });
  for (const { after = [] } of examples) {
    for (const before of after) bound.decodeBy(compiled, messagesOf(before, undefined)[0]!, receivedAtMs);
  }
  return {
    messages,
    decode: (message) => {
      let fields = 0;
      for (const one of bound.decode(message, receivedAtMs).measurements) fields += one.fields.length;
      return fields;
    },
  };
}

function messagesOf(
  { topic = 'ttyUSB0', payload, payloadHex }: Pick<ExampleOptions, 'topic' | 'payload' | 'payloadHex'>,
  framing: LoadedProfile['compiled']['framing'],
): Message[] {
  const bytes =
    payload === undefined ? Buffer.from((payloadHex ?? '').replaceAll(' ', ''), 'hex') : Buffer.from(payload);
  if (framing === undefined) return [{ source: 'mqtt', topic, payload: bytes }];
  const framer = createFramer(framing);
  const frames = [...framer.push(bytes).frames, ...framer.silence().frames];
  return frames.map((frame) => ({ source: 'serial', topic, payload: frame.payload }));
}

const random = seeded(1);
const jsonMessages = Array.from({ length: 256 }, (_, index) => ({
  source: 'mqtt',
  topic: `bench/device-${index % 10}/state`,
  payload: Buffer.from(textOf(random)),
}));

function floorWork(): Work {
  return { messages: jsonMessages, decode: ({ payload }) => Object.keys(JSON.parse(payload.toString())).length };
}

function generalWork(): Work {
  const decoder = new ProfileDecoder({ options: limits, profiles: [] });
  return {
    messages: jsonMessages,
    decode: (message) => decoder.decode(message, receivedAtMs).measurements[0].fields.length,
  };
}

function measure({ messages, decode }: Work, seconds: number): Sample {
  const round = (): number => {
    let fields = 0;
    for (const message of messages) fields += decode(message);
    return fields;
  };
  const warmUntil = performance.now() + 300;
  while (performance.now() < warmUntil) round();
  let count = 0;
  let fields = 0;
  const started = performance.now();
  let now = started;
  while (now < started + seconds * 1_000) {
    fields += round();
    count += messages.length;
    now = performance.now();
  }
  const micros = (now - started) * 1_000;
  const bytes = messages.reduce((sum, { payload }) => sum + payload.length, 0) / messages.length;
  if (fields === 0) throw new Error('nothing was decoded');
  return {
    rate: count / (micros / 1e6),
    micros: micros / count,
    bytes,
    fields: fields / count,
    perField: micros / fields,
  };
}

function peer(name: string, work: () => Work): Peer {
  return { name, run: async ({ seconds }) => measure(work(), seconds) };
}

export const codecs: Scenario = {
  name: 'codecs',
  title: 'How fast each format is decoded',
  about:
    'The examples of one profile for each format and codec, decoded again and again in one thread, once their topics are known: the rest of the flow is not in it. The floor is what the parser alone takes for the JSON of the load.',
  seconds: 2,
  rounds: 3,
  metrics: [
    { key: 'rate', label: 'messages/s', digits: 0 },
    { key: 'micros', label: 'µs/message', digits: 2 },
    { key: 'bytes', label: 'bytes/message', digits: 0 },
    { key: 'fields', label: 'fields/message', digits: 1 },
    { key: 'perField', label: 'µs/field', digits: 3 },
  ],
  ratio: { metric: 'rate', to: floorName },
  peers: [
    peer(floorName, floorWork),
    peer(generalName, generalWork),
    ...[...profilesByFormat()].map(([format, loaded]) =>
      peer(`${format} (${loaded.compiled.name})`, () => workOf(loaded)),
    ),
  ],
  goals: () => [],
};
