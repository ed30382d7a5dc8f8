import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import { profileDescription, profileSummary } from '../../src/profiles/describe.ts';
import { loadLibrary } from '../../src/profiles/library.ts';
import { ProfileUse } from '../../src/profiles/profile-use.ts';
import { dependencies } from './fixtures.ts';

const library = loadLibrary();
const use = new ProfileUse();
use.messages = 3;
use.failed(
  'it is no JSON',
  { source: 'mqtt', topic: 'tele/a/SENSOR', payload: Buffer.from('{"Time"') },
  1_795_000_000_000,
);
const app = await new HttpApi(
  dependencies(
    {},
    {
      profiles: {
        profiles: () => [...library.profiles.values()].map((one) => profileSummary(one, undefined)),
        profile: (name) => {
          const found = library.profiles.get(name);
          return found && profileDescription(found, use);
        },
        reload: () => ({ profiles: library.profiles.size, changed: [], errors: [] }),
      },
    },
  ),
).build();

test('every profile is told, with what it is', async () => {
  const { profiles } = (await app.inject('/api/v1/profiles')).json();
  assert.equal(profiles.length, library.profiles.size);
  const tasmota = profiles.find(({ name }: { name: string }) => name === 'tasmota/tasmota');
  const { title, family, origin, icon, failures, lastFailure } = tasmota;
  assert.deepEqual(
    { title, family, origin, icon, failures, lastFailure },
    { title: 'Tasmota', family: 'tasmota', origin: 'built-in', icon: 'plug', failures: 0, lastFailure: null },
  );
  assert.ok(tasmota.topics.includes('tele/+/SENSOR'));
});

test('one profile is told with all that it says, and the last message that it could not read', async () => {
  const found = (await app.inject('/api/v1/profiles/tasmota/tasmota')).json();
  assert.equal(found.messages, 3);
  assert.equal(found.failures, 1);
  assert.deepEqual(found.lastFailure, {
    topic: 'tele/a/SENSOR',
    failure: 'it is no JSON',
    payload: '{"Time"',
    isHex: false,
    payloadBytes: 7,
    at: new Date(1_795_000_000_000).toISOString(),
  });
  assert.ok(found.definition.messages.length > 0);
  assert.equal(found.definition.examples, undefined);
});

test('a profile that there is not is a problem that says which was meant', async () => {
  const answer = await app.inject('/api/v1/profiles/tasmota/tasmotta');
  assert.equal(answer.statusCode, 404);
  assert.equal(answer.json().detail, 'There is no profile `tasmota/tasmotta`; did you mean `tasmota/tasmota`?');
  assert.match((await app.inject('/api/v1/profiles/x/__proto__')).json().detail, /tells which there are/);
});
