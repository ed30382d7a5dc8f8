import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readProfiles } from '../../src/profiles/directory.ts';
import { loadLibrary } from '../../src/profiles/library.ts';
import { guessProfiles, lineGuesses } from '../../src/profiles/serial-guess.ts';
import { randomOf } from '../support/random.ts';

const library = loadLibrary();
const options = loadConfig({}).decode;
const { profiles } = readProfiles('devices');

/** What devices of a profile say, several times, from the middle of a frame on and up to the middle of another. */
function heardOf(profile: string): Buffer {
  const examples = (profiles.get(profile)!.options.examples ?? []).filter(
    ({ kind, gives }) => kind === undefined && gives,
  );
  const said = examples.map(({ payload, payloadHex }) =>
    payloadHex === undefined ? Buffer.from(payload ?? '') : Buffer.from(payloadHex.replaceAll(' ', ''), 'hex'),
  );
  const all = Buffer.concat(Array.from({ length: 6 }, () => said).flat());
  return all.subarray(3, all.length - 2);
}

for (const profile of [
  'nova/sds011',
  'plantower/pms3003',
  'nmea/nmea-0183',
  'dsmr/p1',
  'sml/sml',
  'arduino/json-lines',
  'victron/ve-direct',
  'mightyohm/geiger',
  'rflink/rflink',
  'generic/csv-lines',
]) {
  test(`what ${profile} says is taken for it`, () => {
    const [best] = guessProfiles(heardOf(profile), library, options);
    assert.equal(best?.profile, profile);
    assert.ok(best.example.measurements.some(({ fields }) => fields.length > 0));
  });
}

test('devices whose frames are the same are all told, with one confidence', () => {
  const guesses = guessProfiles(heardOf('plantower/pms5003'), library, options);
  const best = guesses.filter(({ confidence }) => confidence === guesses[0]?.confidence);
  assert.ok(best.some(({ profile }) => profile === 'plantower/pms5003'));
});

test('noise, what is too short, and nothing at all are taken for nothing', () => {
  for (const bytes of [randomOf(5).bytes(8_192), Buffer.from('aac0d4', 'hex'), Buffer.alloc(0), Buffer.alloc(4_096)])
    assert.deepEqual(guessProfiles(bytes, library, options), []);
});

test('lines are tried in the order in which they are usual', () => {
  const lines = lineGuesses(library);
  assert.deepEqual(lines.slice(0, 2), [
    { baud: 9_600, format: '8N1' },
    { baud: 115_200, format: '8N1' },
  ]);
  assert.ok(lines.some(({ baud, format }) => baud === 300 && format === '7E1'));
  assert.equal(new Set(lines.map(({ baud, format }) => `${baud} ${format}`)).size, lines.length);
});
