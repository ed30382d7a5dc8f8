import {
  type Claim,
  type Codec,
  type CodecInput,
  type CodecOutput,
  failed,
  measured,
  type Part,
  without,
} from '../../codec.ts';
import { CheckedSentences } from './checked-sentences.ts';
import { ReceiverClocks } from './clock.ts';
import { readSentence } from './sentence.ts';
import { sentences } from './sentences.ts';
import { Reader } from './values.ts';

/** What is larger is no sentence, nor some of them, but a file. */
const maxBytes = 65_536;

/**
 * NMEA 0183: what GPS receivers, wind and depth instruments and weather stations on board say, one sentence a message or
 * several lines of them. Angles are degrees, speeds in the sentence's own unit. Sentences that are not known, proprietary ones and those of
 * AIS (`!AIVDM`) are kept as they came.
 */
export function createNmea0183Codec(): Codec {
  const memory: Memory = { clocks: new ReceiverClocks(), checked: new CheckedSentences() };
  return {
    decode(input) {
      const size = input.payload.length;
      if (size > maxBytes) return failed(`It has ${size} bytes; sentences of one message have at most ${maxBytes}.`);
      const lines = linesOf(input.payload);
      const [first, ...others] = lines;
      if (first === undefined) return failed('There is no sentence in it.');
      const one = readLine(first, input, memory);
      if (others.length === 0) return one;
      return together([one, ...others.map((line) => readLine(line, input, memory))], input.limits.maxFields);
    },
    claims: (_topic, payload) => claim(payload),
  };
}

function linesOf(payload: Uint8Array): string[] {
  // Latin-1: a byte that no sentence may have is then told by its number.
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
  return text.split(/[\r\n]+/).filter((line) => line !== '');
}

/** What is remembered from one sentence to the next. */
interface Memory {
  readonly clocks: ReceiverClocks;
  readonly checked: CheckedSentences;
}

function readLine(line: string, { topic, receivedAtMs, limits }: CodecInput, memory: Memory): CodecOutput {
  const sentence = readSentence(line);
  if (typeof sentence === 'string') return failed(sentence);
  if (memory.checked.lacksChecksum(topic, sentence))
    return failed(
      `${sentence.talker}${sentence.type} came with a checksum before, and has none: it was damaged on the way.`,
    );
  const read = sentence.talker.startsWith('P') ? undefined : sentences.get(sentence.type);
  if (!read) return without('raw');
  const reader = new Reader(sentence.values);
  const { timeOfDay, day, isPartial = false, isByTalker = false, kind } = read(reader);
  if (reader.fault !== undefined) return failed(`${sentence.talker}${sentence.type}: ${reader.fault}`);
  if (kind) return without(kind);
  let timeMs: number | undefined;
  if (timeOfDay !== undefined) {
    timeMs =
      day === undefined
        ? memory.clocks.ofDay(topic, timeOfDay, receivedAtMs)
        : memory.clocks.whole(topic, day, timeOfDay, receivedAtMs);
  }
  if (reader.fields.length === 0) return without('raw');
  if (reader.fields.length > limits.maxFields) return failed(tooMany(reader.fields.length, limits.maxFields));
  const part: Part = {
    fields: reader.fields,
    ...(timeMs !== undefined && { timeMs }),
    ...(isByTalker && { tags: [['talker', sentence.talker] as const] }),
  };
  return measured([part], !isPartial);
}

/** Several sentences of one message: what the sound ones say. A damaged one among them leaves the payload beside the fields. */
function together(outputs: readonly CodecOutput[], maxFields: number): CodecOutput {
  const parts = outputs.flatMap((output) => output.parts);
  const count = parts.reduce((sum, part) => sum + part.fields.length, 0);
  if (count > maxFields) return failed(tooMany(count, maxFields));
  if (parts.length > 0)
    return measured(
      parts,
      outputs.every((output) => output.isComplete),
    );
  return outputs.find((output) => output.kind === 'failed') ?? outputs[0]!;
}

const tooMany = (count: number, most: number): string => `It has ${count} fields; at most ${most} are read.`;

function claim(payload: Uint8Array): Claim | undefined {
  if (payload[0] !== 0x24 && payload[0] !== 0x21 && payload[0] !== 0x5c) return undefined;
  const [first] = linesOf(payload.subarray(0, 512));
  const sentence = readSentence(first ?? '');
  if (typeof sentence === 'string') return undefined;
  const hasChecksum = first?.includes('*') ?? false;
  const reason = `it is a sentence ${sentence.talker}${sentence.type} of NMEA 0183`;
  return hasChecksum
    ? { confidence: 0.97, reason: `${reason}, and its checksum is right` }
    : { confidence: 0.6, reason: `${reason} without a checksum` };
}
