import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProfileDecoder } from '../../src/profiles/decoder.ts';
import { profilesStatus } from '../../src/profiles/describe.ts';
import { excerptOf } from '../../src/profiles/excerpt.ts';
import { compiledIn, loadLibrary } from '../../src/profiles/library.ts';

const library = loadLibrary();
const options = { deviceTopics: [], maxDepth: 8, maxFields: 200, maxBytes: 1_048_576 };
const at = Date.UTC(2026, 10, 25);

function decoderWith() {
  const decoder = new ProfileDecoder({ options, profiles: compiledIn(library) });
  const give = (topic: string, payload: string, atMs = at) =>
    decoder.decode({ source: 'mqtt', topic, payload: Buffer.from(payload) }, atMs);
  return { decoder, give };
}

test('what a profile could not read is counted as its own, and the newest is shown', () => {
  const { decoder, give } = decoderWith();
  give('tele/a/SENSOR', '{"Time":"2026-11-25T00:00:00","SI7021":{"Temperature":20}}');
  assert.equal(give('tele/a/SENSOR', '{"Time"').kind, 'failed');
  // So soon after it, it is only counted.
  give('tele/a/SENSOR', '{"soon"', at + 10);
  give('tele/a/SENSOR', '{"later"', at + 5_000);
  give('other', 'not of any profile');
  const use = decoder.uses.get('tasmota/tasmota')!;
  assert.deepEqual([use.messages, use.failures], [4, 3]);
  assert.deepEqual([use.lastFailure?.payload.text, use.lastFailure?.at], ['{"later"', at + 5_000]);
  assert.deepEqual(profilesStatus(library, decoder.uses), {
    loaded: library.profiles.size,
    errors: [],
    failedMessages: 3,
    failures: { 'tasmota/tasmota': 3 },
  });
});

test('trying a profile counts nothing', () => {
  const { decoder } = decoderWith();
  const profile = library.profiles.get('tasmota/tasmota')!.compiled;
  const message = { source: 'mqtt', topic: 'tele/a/SENSOR', payload: Buffer.from('{') };
  assert.equal(decoder.decodeBy(profile, message, at).kind, 'failed');
  assert.equal(decoder.uses.get('tasmota/tasmota')?.failures ?? 0, 0);
});

test('an excerpt is text where it can be, and of bounded length', () => {
  const rows: readonly (readonly [Uint8Array, string, boolean])[] = [
    [Buffer.from('21.5\n'), '21.5\n', false],
    [Buffer.from('aaaaaaaé'), 'aaaaaaa', false],
    [Buffer.from('aaaaaa😀'), 'aaaaaa', false],
    [Buffer.from('123456789'), '12345678', false],
    [Buffer.from([0, 1, 2]), '000102', true],
    [Buffer.from([0xff, 1, 2, 3, 4, 5, 6, 7, 8]), 'ff010203', true],
    [Buffer.from([0xc3, 0x28]), 'c328', true],
    [Buffer.alloc(0), '', false],
  ];
  for (const [payload, text, isHex] of rows) {
    assert.deepEqual(excerptOf(payload, 8), { text, isHex, bytes: payload.length });
  }
});
