import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Decoded } from '../../src/core/decoded.ts';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { createFramer } from '../../src/profiles/framing/framing.ts';
import type { FramingOptions } from '../../src/profiles/framing/options.ts';
import type { CompiledProfile } from '../../src/profiles/language/compiled.ts';
import { loadLibrary } from '../../src/profiles/library.ts';
import { readRequest, rtuRequest } from '../../src/profiles/modbus/rtu.ts';
import { asOne, type DecodedStream } from '../../src/profiles/stream.ts';
import { checkSample } from './check-sample.ts';
import { payloadOf, type Sample } from './samples.ts';

/** Payloads from public documentation and tests: what they become was written down before they were tried. */
interface MorePayload extends Sample {
  /** The profile that decodes it. Absent: the framing of {@link Sample.protocol} is all that is tried. */
  readonly profile?: string;
  /** What the sentence about a failure must say. */
  readonly failure?: string;
  /** The fields say all that it said, and it is not kept beside them. */
  readonly complete?: boolean;
}

const directory = join(import.meta.dirname, 'more-payloads');
const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
const library = loadLibrary();
const all = [...library.profiles.values()].map(({ compiled }) => compiled);
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const receivedAtMs = Date.UTC(2026, 10, 25);

function messageOf(sample: Sample) {
  const request = readRequest(Buffer.from(sample.request_hex ?? '', 'hex'));
  const asked = request === undefined ? [] : rtuRequest(request);
  const payload = Buffer.concat([Uint8Array.from(asked), payloadOf(sample)]);
  return { source: sample.transport, topic: sample.topic ?? 'ttyUSB0', payload };
}

function profileOf({ id, profile }: MorePayload): CompiledProfile {
  const found = library.profiles.get(profile ?? '');
  assert.ok(found !== undefined, `${id}: there is no profile "${profile}"`);
  return found.compiled;
}

/** A decoder that has been told what comes before a payload. */
function decoderFor(sample: MorePayload, rows: readonly MorePayload[]): ProfileDecoder {
  const decoder = new ProfileDecoder({ options, profiles: all });
  for (const id of [sample.after ?? []].flat()) {
    const before = rows.find((one) => one.id === id)!;
    decoder.decodeBy(profileOf(before), messageOf(before), receivedAtMs);
  }
  return decoder;
}

/** What comes of a serial line whose bytes come in these pieces. */
function streamed(sample: MorePayload, rows: readonly MorePayload[], pieces: readonly Uint8Array[]): DecodedStream {
  const profile = profileOf(sample);
  const decoder = decoderFor(sample, rows);
  const framer = createFramer(profile.framing!);
  const taken = [...pieces.map((piece) => framer.push(piece)), framer.silence()];
  const messages = taken
    .flatMap(({ frames }) => frames)
    .map(({ payload }) =>
      decoder.decodeBy(profile, { source: 'serial', topic: sample.topic ?? 'ttyUSB0', payload }, receivedAtMs),
    );
  return { messages, discarded: taken.flatMap(({ discarded }) => discarded) };
}

function checkAll(sample: MorePayload, decoded: Decoded): void {
  checkSample(sample, decoded);
  if (sample.complete !== undefined) assert.equal(decoded.keepPayload, !sample.complete, `${sample.id}: is kept`);
  if (sample.failure !== undefined) assert.match(decoded.failure ?? '', new RegExp(sample.failure), sample.id);
}

/** Bytes that begin no frame of any kind, and end a line. */
const noise = Uint8Array.from([0x13, 0x37, 0x61, 0x3d, 0x0d, 0x0a]);

for (const name of files) {
  const rows: readonly MorePayload[] = JSON.parse(readFileSync(join(directory, name), 'utf8'));

  test(`${name}: every payload becomes what was written down for it`, () => {
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, 'every id once');
    for (const sample of rows) {
      if (sample.frames_hex !== undefined) {
        const framer = createFramer({ kind: sample.protocol } as FramingOptions);
        const frames = [framer.push(payloadOf(sample)), framer.silence()].flatMap((taken) => taken.frames);
        const found = frames.map(({ payload }) => Buffer.from(payload).toString('hex'));
        assert.deepEqual(found, sample.frames_hex, sample.id);
        continue;
      }
      const profile = profileOf(sample);
      if (profile.framing !== undefined) checkAll(sample, asOne(streamed(sample, rows, [payloadOf(sample)])));
      else checkAll(sample, decoderFor(sample, rows).decodeBy(profile, messageOf(sample), receivedAtMs));
    }
  });

  const framed = rows.filter((sample) => !sample.frames_hex && profileOf(sample).framing !== undefined);
  if (framed.length === 0) continue;

  test(`${name}: nor does it matter how the bytes come, and what comes before and after them`, () => {
    for (const sample of framed) {
      const bytes = payloadOf(sample);
      const { messages, discarded } = streamed(sample, rows, [bytes]);
      const bytewise = streamed(
        sample,
        rows,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      );
      assert.deepEqual(bytewise.messages, messages, `${sample.id}, byte by byte`);
      // What is no frame by itself, or only by the silence behind it, is none amid others either.
      if (discarded.length > 0 || messages.some(({ kind }) => kind === 'discovery')) continue;
      const cutOff = bytes.subarray(0, bytes.length >> 1);
      const amid = streamed(sample, rows, [Buffer.concat([noise, bytes, cutOff])]).messages;
      for (const message of messages) {
        assert.ok(
          amid.some((one) => isDeepStrictEqual(one, message)),
          `${sample.id}, amid noise: ${JSON.stringify(amid.map(({ kind, failure }) => [kind, failure]))}`,
        );
      }
    }
  });
}
