import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FieldValue } from '../../../src/core/measurement.ts';
import type { Codec, CodecInput, CodecOutput } from '../../../src/profiles/codec.ts';

export const limits = { maxDepth: 8, maxFields: 200 };
/** 2026-03-01T12:00:00Z */
export const receivedAtMs = Date.UTC(2026, 2, 1, 12);

export function inputOf(payload: string | Uint8Array, more: Partial<CodecInput> = {}): CodecInput {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { topic: 'test/topic', payload: bytes, receivedAtMs, limits, captures: new Map(), ...more };
}

export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ''), 'hex');
}

/** `name` or `name [unit]` of each field, with its value; over all parts. */
export function fieldsOf(output: CodecOutput): Record<string, FieldValue> {
  const found: Record<string, FieldValue> = Object.create(null);
  for (const { fields } of output.parts) {
    for (const { name, value, unit } of fields) found[unit === undefined ? name : `${name} [${unit}]`] = value;
  }
  return { ...found };
}

/** What holds of a codec's output whatever the payload was. */
export function assertBounded(output: CodecOutput): void {
  const fields = output.parts.flatMap((part) => part.fields);
  assert.ok(fields.length <= limits.maxFields, `${fields.length} fields`);
  if (output.kind === 'measurement') assert.ok(fields.length > 0, 'a measurement has fields');
  else assert.equal(fields.length, 0, `a message of kind ${output.kind} has no fields`);
  assert.equal(output.kind === 'failed', output.failure !== undefined, 'a failure says why, and nothing else does');
  for (const part of output.parts) {
    if (part.timeMs !== undefined) assert.ok(Number.isSafeInteger(part.timeMs), `time ${part.timeMs}`);
    const nanos = part.timeNanos ?? 0;
    assert.ok(Number.isInteger(nanos) && nanos >= 0 && nanos < 1e6, `nanos ${nanos}`);
    assert.ok(part.timeNanos === undefined || part.timeMs !== undefined, 'nanoseconds of a time');
  }
  for (const { value } of fields) if (typeof value === 'number') assert.ok(Number.isFinite(value), `value ${value}`);
}

/** Real payloads with a few bytes changed, cut off, or put twice; and any bytes. */
export function hostilePayloads(real: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutated = fc
    .record({
      payload: fc.constantFrom(...real),
      changes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      cut: fc.option(fc.nat(), { nil: undefined }),
      twice: fc.boolean(),
    })
    .map(({ payload, changes, cut, twice }) => {
      const bytes = Uint8Array.from(twice ? Buffer.concat([payload, payload]) : payload);
      if (bytes.length > 0) for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return cut === undefined ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
    });
  return fc.oneof(mutated, mutated, fc.uint8Array({ maxLength: 80 }));
}

/** Throws when the codec does, or when what it makes of any payload is beyond bounds. */
export function assertSurvives(
  make: () => Codec,
  real: readonly Uint8Array[],
  topic = 'test/topic',
  numRuns = 1500,
): void {
  const codec = make();
  fc.assert(
    fc.property(hostilePayloads(real), (payload) => {
      const before = Uint8Array.from(payload);
      assertBounded(codec.decode(inputOf(payload, { topic })));
      const claim = codec.claims?.(topic, payload);
      if (claim !== undefined) assert.ok(claim.confidence >= 0 && claim.confidence <= 1 && claim.reason !== '');
      assert.deepEqual(payload, before, 'the payload is only read');
    }),
    { numRuns },
  );
}
