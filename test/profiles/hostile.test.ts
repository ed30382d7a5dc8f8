import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Decoded } from '../../src/core/decoded.ts';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { loadLibrary } from '../../src/profiles/library.ts';
import { payloadOf, samples } from './samples.ts';

const profiles = [...loadLibrary().profiles.values()].map(({ compiled }) => compiled);
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const receivedAtMs = Date.UTC(2026, 10, 25);
const newDecoder = () => new ProfileDecoder({ options, profiles });

function fieldsOf({ measurements }: Decoded): number {
  return measurements.reduce((sum, { fields }) => sum + fields.length, 0);
}

/** What holds of whatever comes out. */
function assertSound(decoded: Decoded, what: string): void {
  assert.ok(decoded.measurements.length > 0, what);
  assert.ok(fieldsOf(decoded) <= options.maxFields, what);
  assert.ok(decoded.deviceId.length > 0 && decoded.deviceId.length <= 70_000, what);
  assert.ok(decoded.kind !== 'failed' || (decoded.failure ?? '').length > 0, what);
  // Nothing is lost: what has no fields has its payload.
  if (fieldsOf(decoded) === 0) assert.equal(decoded.keepPayload, true, what);
  for (const { fields, timeMs } of decoded.measurements) {
    assert.ok(timeMs === undefined || Number.isFinite(timeMs), what);
    for (const { name, value } of fields) {
      assert.ok(name.length <= 1_100, what);
      assert.ok(typeof value !== 'number' || Number.isFinite(value), `${what}: ${name} is ${value}`);
    }
  }
}

test('no profile throws, hangs or loses a message, whatever its payload is', () => {
  const real = samples.map(payloadOf);
  const mutated = fc
    .tuple(fc.constantFrom(...real), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
    .map(([payload, changes, cut]) => {
      const bytes = Uint8Array.from(payload);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes;
    });
  const any = fc.oneof(
    mutated,
    fc.uint8Array({ maxLength: 300 }),
    fc.json({ maxDepth: 10 }).map((text) => Buffer.from(text)),
  );
  const topics = samples.flatMap(({ topic }) => (topic === undefined ? [] : [topic]));
  const decoder = newDecoder();
  fc.assert(
    fc.property(fc.constantFrom(...profiles), fc.constantFrom(...topics), any, (profile, topic, payload) => {
      const message = { source: 'mqtt', topic, payload };
      assertSound(decoder.decodeBy(profile, message, receivedAtMs), profile.name);
      assertSound(decoder.decode(message, receivedAtMs), topic);
      decoder.suggest(topic, payload);
    }),
    { numRuns: 3_000 },
  );
});

test('ten megabytes of JSON, a million levels and endless keys are one message’s harm', () => {
  const payloads = [
    `[${'1,'.repeat(5_000_000)}1]`,
    `{"a":${'['.repeat(400_000)}`,
    `{${'"a":{'.repeat(100_000)}${'}'.repeat(100_000)}}`,
    `{"Time":"2026-01-01T00:00:00","x":{"Temperature":${'9'.repeat(500_000)}}}`,
    `{"Time":"2026-01-01T00:00:00",${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join()}}`,
    `{"Time":"2026-01-01T00:00:00","${'k'.repeat(900_000)}":{"Temperature":1}}`,
    `{"Time":"${'2'.repeat(900_000)}","DS":{"Temperature":1}}`,
    '-'.repeat(900_000),
    `${'1,'.repeat(400_000)}`,
    `${'a=1 '.repeat(200_000)}`,
    `${'cpu v=1\n'.repeat(100_000)}`,
  ].map((text) => Buffer.from(text));
  const decoder = newDecoder();
  for (const profile of profiles) {
    for (const [index, payload] of payloads.entries()) {
      const topic = profile.messages[0]?.topics[0]?.text.replace(/\{[^}]*\}|\+|#/g, 'x') ?? 'x';
      const message = { source: 'mqtt', topic, payload: payload.subarray(0, options.maxBytes) };
      const started = process.cpuUsage();
      assertSound(decoder.decodeBy(profile, message, receivedAtMs), `${profile.name} ${index}`);
      const { user } = process.cpuUsage(started);
      // Far from any doubt: what is not linear takes minutes for a mebibyte.
      assert.ok(user < 3_000_000, `${profile.name}, payload ${index}: ${user / 1_000} ms`);
    }
  }
  const huge = { source: 'mqtt', topic: 'tele/a/SENSOR', payload: payloads[0]! };
  assert.equal(decoder.decode(huge, receivedAtMs).kind, 'raw', 'nothing was heard there yet');
  const payload = Buffer.from('{"Time":"2026-01-01T00:00:00","DS":{"Temperature":1}}');
  decoder.decode({ ...huge, payload }, receivedAtMs);
  const { kind, keepPayload, deviceId, failure } = decoder.decode(huge, receivedAtMs);
  assert.deepEqual([kind, keepPayload, deviceId], ['failed', true, 'tasmota:a'], 'it is still the same device');
  assert.match(failure ?? '', /^it has 10000003 bytes/);
});

test('what is around a message of many parts is not gone through for each of them', () => {
  const around = Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join();
  const parts = Array.from({ length: 40_000 }, (_, i) => `"0x${i}":{}`).join();
  const decoder = newDecoder();
  const tasmota = profiles.find(({ name }) => name === 'tasmota/tasmota')!;
  const payload = Buffer.from(`{${around},"ZbReceived":{${parts}}}`);
  const started = process.cpuUsage();
  const decoded = decoder.decodeBy(tasmota, { source: 'mqtt', topic: 'tele/a/SENSOR', payload }, receivedAtMs);
  const { user } = process.cpuUsage(started);
  assert.ok(payload.length < options.maxBytes && user < 3_000_000, `${payload.length} bytes took ${user / 1_000} ms`);
  assert.deepEqual([decoded.kind, decoded.failure], ['failed', `it holds more than ${options.maxFields} measurements`]);
});

test('names that are traps in JavaScript are plain data', () => {
  const decoder = newDecoder();
  const payload =
    '{"Time":"2026-01-01T00:00:00","__proto__":{"polluted":1},"constructor":{"Temperature":2},"toString":3}';
  const message = { source: 'mqtt', topic: 'tele/__proto__/SENSOR', payload: Buffer.from(payload) };
  const { deviceId, measurements } = decoder.decode(message, receivedAtMs);
  assert.equal(deviceId, 'tasmota:__proto__');
  assert.deepEqual(
    measurements[0].fields.map(({ name, value }) => [name, value]),
    [
      ['__proto__.polluted', 1],
      ['constructor.Temperature', 2],
      ['toString', 3],
    ],
  );
  assert.equal((Object.prototype as { polluted?: number }).polluted, undefined);
});
