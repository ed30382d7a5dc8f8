import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProfileWords } from '../../src/pipeline/native-words.ts';
import { loadLibrary } from '../../src/profiles/library.ts';

const { profiles } = loadLibrary();
const names = new Map([
  ['tasmota:desk', 'online'],
  ['tasmota:gone', 'offline'],
]);
const words = new ProfileWords({
  deviceOf: (id) => {
    const presence = names.get(id);
    if (presence === undefined) return undefined;
    return {
      source: 'mqtt',
      profile: { name: 'tasmota/tasmota' },
      presence,
      topics: new Map([[`tele/${id.slice(8)}/SENSOR`, []]]),
    };
  },
  profileOf: (name) => profiles.get(name),
});
const told = (deviceId: string, name = 'power') => ({ deviceId, name, payload: Buffer.from('true') });

test('a device hears its commands on topics of its own, unless it is known to be gone', () => {
  assert.ok(words.topics('tasmota:desk').includes('cmnd/desk/POWER'));
  assert.deepEqual(words.topics('tasmota:gone'), []);
  assert.deepEqual(words.topics('nobody'), []);
});

test('what nobody knows the language of is told in none, and nothing is refused for it', () => {
  const { topic, payload } = words.wordsFor(told('tasmota:desk'))!;
  assert.deepEqual([topic, payload], ['cmnd/desk/POWER', 'ON']);
  assert.equal(words.wordsFor(told('nobody')), undefined);
  assert.equal(words.obstacle(told('nobody')), undefined);
  assert.equal(words.obstacle(told('tasmota:desk', 'powr')), 'it has no command powr; did you mean power?');
});
