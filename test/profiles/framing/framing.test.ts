import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DiscardReason } from '../../../src/profiles/framing/cut.ts';
import type { Framer } from '../../../src/profiles/framing/framer.ts';
import { maxRun, maxSample } from '../../../src/profiles/framing/framer.ts';
import { createFramer } from '../../../src/profiles/framing/framing.ts';
import type { FramingOptions } from '../../../src/profiles/framing/options.ts';
import { payloadOf, samples } from '../samples.ts';
import { checkedRows } from './checked-rows.ts';
import { frameRows as usualRows } from './frame-rows.ts';

const frameRows = [...usualRows, ...checkedRows];

interface Outcome {
  readonly frames: string[];
  readonly discarded: [DiscardReason, string | number][];
}

/** What comes of a stream in given pieces, and of the silence behind it; holds every byte against the law on the way. */
function run(framer: Framer, pieces: readonly Uint8Array[], silence = true): Outcome {
  const outcome: Outcome = { frames: [], discarded: [] };
  let pushed = 0;
  let told = 0;
  const take = ({ frames, discarded }: ReturnType<Framer['push']>) => {
    for (const { payload, taken } of frames) {
      outcome.frames.push(Buffer.from(payload).toString('latin1'));
      told += taken;
    }
    for (const { reason, bytes, sample } of discarded) {
      assert.equal(sample.length, Math.min(bytes, maxSample));
      assert.ok(bytes <= maxRun);
      outcome.discarded.push([reason, bytes > maxSample ? bytes : Buffer.from(sample).toString('latin1')]);
      told += bytes;
    }
    assert.equal(told + framer.waiting, pushed, 'every byte is in a frame, discarded or waiting');
  };
  for (const piece of pieces) {
    pushed += piece.length;
    take(framer.push(piece));
  }
  if (silence) take(framer.silence());
  return outcome;
}

const bytewise = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));

test('streams are cut into frames, and what is in none is told with its reason', () => {
  for (const { name, options, stream, frames, discarded = [], isMidstream } of frameRows) {
    const expected = { frames: [...frames], discarded: discarded.map(([reason, what]) => [reason, what]) };
    const bytes = Buffer.from(stream, 'latin1');
    assert.deepEqual(run(createFramer(options, isMidstream), [bytes]), expected, name);
    assert.deepEqual(run(createFramer(options, isMidstream), bytewise(bytes)), expected, `${name}, byte by byte`);
  }
});

test('every sample that is a stream of frames is cut into them', () => {
  const framings: Readonly<Record<string, FramingOptions>> = {
    slip: { kind: 'slip' },
    cobs: { kind: 'cobs' },
    'meshtastic-serial': { kind: 'meshtastic' },
  };
  const own = samples.filter((sample) => sample.frames_hex !== undefined);
  assert.ok(own.length >= 6);
  for (const sample of own) {
    const expected = sample.frames_hex!.map((hex) => Buffer.from(hex, 'hex').toString('latin1'));
    const framer = createFramer(framings[sample.protocol]!);
    assert.deepEqual(run(framer, bytewise(payloadOf(sample))), { frames: expected, discarded: [] }, sample.id);
  }
});

test('a frame after a silence is found whatever came before', () => {
  for (const { name, options, stream, frames, discarded = [] } of frameRows) {
    // Of streams that end in the middle of something, the silence is part of what they show.
    if (frames.length !== 1 || discarded.length > 0) continue;
    const framer = createFramer(options, true);
    run(framer, [Buffer.from(stream.slice(0, -3), 'latin1')]);
    assert.deepEqual(run(framer, [Buffer.from(stream, 'latin1')]).frames, frames, name);
  }
});

const kinds = new Map<string, FramingOptions>(frameRows.map(({ options }) => [JSON.stringify(options), options]));
const streamsOf = (options: FramingOptions) =>
  frameRows.filter((row) => row.options === options).map(({ stream }) => Buffer.from(stream, 'latin1'));

/** Streams made of real ones, pieces of them, and bytes that mean something to the framing or nothing at all. */
function streams(options: FramingOptions): fc.Arbitrary<Uint8Array> {
  const real = fc.constantFrom(...streamsOf(options));
  const piece = fc
    .tuple(real, fc.nat(), fc.nat())
    .map(([bytes, from, size]) => bytes.subarray(from % bytes.length).subarray(0, size % bytes.length));
  const speaking = fc.tuple(real, fc.array(fc.nat(), { maxLength: 40 })).map(([bytes, places]) => {
    return Uint8Array.from(places, (place) => bytes[place % bytes.length]!);
  });
  const part = fc.oneof(real, piece, speaking, fc.uint8Array({ maxLength: 60 }));
  return fc.array(part, { maxLength: 6 }).map((parts) => Buffer.concat(parts));
}

test('what comes out of a stream does not depend on the pieces in which it came', () => {
  for (const [name, options] of kinds) {
    const property = fc.property(
      streams(options),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      (stream, sizes, isMidstream) => {
        const pieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!;
          pieces.push(stream.subarray(at, at + size));
          at += size;
        }
        const whole = run(createFramer(options, isMidstream), [stream]);
        assert.deepEqual(run(createFramer(options, isMidstream), pieces), whole);
        assert.deepEqual(run(createFramer(options, isMidstream), bytewise(stream)), whole);
        // Neither does it change when the caller goes on to use its memory.
        const framer = createFramer(options, isMidstream);
        const memory = new Uint8Array(64);
        const reused = { frames: [] as string[] };
        const outcomes = [];
        for (const one of pieces) {
          memory.set(one);
          outcomes.push(framer.push(memory.subarray(0, one.length)));
          memory.fill(0xee);
        }
        outcomes.push(framer.silence());
        for (const { frames } of outcomes) {
          for (const { payload } of frames) reused.frames.push(Buffer.from(payload).toString('latin1'));
        }
        assert.deepEqual(reused.frames, whole.frames);
      },
    );
    try {
      fc.assert(property, { numRuns: 60 });
    } catch (cause) {
      throw new Error(`framing ${name}`, { cause });
    }
  }
});

test('damage costs no more than the frames that it hits', () => {
  const options: FramingOptions = {
    kind: 'frame',
    start: ['aac0'],
    size: 10,
    checksum: { kind: 'sum8', from: 2, at: -2 },
  };
  const good = Buffer.from('aac0d4043a0aa1601dab', 'hex');
  fc.assert(
    fc.property(fc.nat(29), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const stream = Buffer.concat([good, good, good]);
      stream[at]! ^= flip;
      const { frames } = run(createFramer({ ...options, end: 'ab' }), [stream]);
      assert.equal(frames.filter((one) => one === good.toString('latin1')).length, 2);
    }),
  );
});

test('a stream without any end is discarded in bounded pieces, and harms nothing behind it', () => {
  for (const options of kinds.values()) {
    const first = streamsOf(options)[0]!;
    const limited = { ...options, ...(options.kind === 'frame' && options.size ? {} : { max: 300 }) };
    const framer = createFramer(limited);
    for (const filler of [first[0]!, 0x41, 0x02, 0xfe]) {
      for (let i = 0; i < 50; i++) {
        framer.push(new Uint8Array(200).fill(filler));
        const isSeparator = options.kind === 'slip' && filler === 0xc0;
        assert.ok(isSeparator || framer.waiting <= maxRun + 520, `${options.kind} holds ${framer.waiting}`);
      }
    }
    framer.silence();
    assert.deepEqual(run(framer, [first]).frames, run(createFramer(limited), [first]).frames, options.kind);
  }
});
