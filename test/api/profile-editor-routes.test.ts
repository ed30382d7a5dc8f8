import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HttpApi } from '../../src/api/http-api.ts';
import type { ProfileEditorApi } from '../../src/api/profile-editor-routes.ts';
import { OwnProfiles } from '../../src/profiles/own-profiles.ts';
import { draftFor, tryProfile } from '../../src/profiles/workbench.ts';
import { tempDir } from '../support/temp-dir.ts';
import { dependencies } from './fixtures.ts';

const topic = 'shed/th-7/state';
const payload = '{"temp":21.5,"hum":40}';

async function apiIn(dataDir: string) {
  const own = new OwnProfiles(dataDir);
  const reloaded = { profiles: 1, changed: [], errors: [] };
  const editor: ProfileEditorApi = {
    draft: draftFor,
    tryOut: tryProfile,
    text: (name) => own.text(name),
    save: (name, text) => ({ file: own.save(name, text), ...reloaded }),
    remove: (name) => (own.remove(name) ? reloaded : undefined),
  };
  const app = await new HttpApi(dependencies({}, { editor })).build();
  const ask = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object, headers = {}) =>
    app.inject({
      method,
      url: `/api/v1/profiles/${path}`,
      headers: { host: 'localhost', ...headers },
      ...(body !== undefined && { payload: body }),
    });
  return { ask };
}

test('a profile is drafted from a message, tried, saved, read and removed', async (t) => {
  const dataDir = tempDir(t);
  const { ask } = await apiIn(dataDir);
  const { text } = (await ask('POST', 'draft', { name: 'acme/th-7', topic, payload })).json();
  assert.match(text, /topic: shed\/\{device\}\/state/);
  const other = (await ask('POST', 'draft', { name: 'acme/th-7', topic, payload, deviceLevel: 1 })).json();
  assert.match(other.text, /topic: "?\{device\}\/th-7\/state/);
  const tried = (await ask('POST', 'preview', { name: 'acme/th-7', text, topic, payload })).json();
  assert.deepEqual(tried.faults, []);
  assert.deepEqual(tried.examples[0].faults, []);
  assert.equal(tried.message.confidence, 0.9);
  assert.deepEqual(tried.message.measurements[0], {
    device: 'acme:th-7',
    time: null,
    fields: [
      { name: 'temp', value: 21.5, unit: 'Cel', unitSymbol: '°C' },
      { name: 'hum', value: 40, unit: '%RH', unitSymbol: '%' },
    ],
  });
  assert.equal((await ask('GET', 'acme/th-7/text')).statusCode, 404);
  const saved = (await ask('PUT', 'acme/th-7', { text })).json();
  assert.equal(saved.file, join(dataDir, 'profiles/acme/th-7.yaml'));
  assert.equal(readFileSync(saved.file, 'utf8'), text);
  assert.equal((await ask('GET', 'acme/th-7/text')).json().text, text);
  assert.equal((await ask('DELETE', 'acme/th-7')).statusCode, 200);
  assert.equal((await ask('DELETE', 'acme/th-7')).statusCode, 404);
});

test('what is wrong is told by line and column, and nothing is saved of it', async (t) => {
  const { ask } = await apiIn(tempDir(t));
  const { text } = (await ask('POST', 'draft', { name: 'acme/th-7', topic, payload })).json();
  const wrong = text.replace('version: 1', 'version: x');
  const tried = (await ask('POST', 'preview', { text: wrong })).json();
  const line = wrong.split('\n').indexOf('version: x') + 1;
  assert.deepEqual(
    tried.faults.map((one: { line: number; column: number }) => [one.line, one.column]),
    [[line, 10]],
  );
  const refused = await ask('PUT', 'acme/th-7', { text: wrong });
  assert.deepEqual([refused.statusCode, refused.json().faults[0].key], [400, `${line}:10`]);
  assert.equal((await ask('GET', 'acme/th-7/text')).statusCode, 404);
  // Right, and not what its example says.
  const off = (
    await ask('POST', 'preview', { name: 'acme/th-7', text: text.replace('temp: 21.5 Cel', 'temp: 22 Cel') })
  ).json();
  assert.deepEqual(off.examples[0].faults, ['temp is 21.5 Cel, not 22 Cel']);
  assert.equal(off.examples[0].line, text.split('\n').indexOf('examples:') + 2);
  // A profile that does not know the message's topic.
  const elsewhere = (await ask('POST', 'preview', { text, topic: 'x', payload })).json();
  assert.equal(elsewhere.message.confidence, null);
});

for (const [method, path, body, detail] of [
  ['PUT', 'acme/..%2f..%2fx', { text: '' }, /^A profile is named/],
  ['PUT', '..%2f../x', { text: '' }, /^A profile is named/],
  ['PUT', 'Acme/x', { text: '' }, /^A profile is named/],
  ['PUT', 'acme/x', {}, /`text`/],
  ['POST', 'preview', {}, /`text`/],
  ['POST', 'preview', { text: '', name: 1 }, /`name`/],
  ['POST', 'preview', { text: '', topic: 'a/#', payload: '' }, /`topic`/],
  ['POST', 'preview', { text: '', topic: 'a', payload: '', payloadHex: '' }, /not both/],
  ['POST', 'preview', { text: '', topic: 'a', payloadHex: 'f' }, /`payloadHex`/],
  ['POST', 'draft', { name: 'a/b', topic: 'a' }, /`payload`/],
  ['POST', 'draft', { name: 'a/b', topic: 'a', payload: '1', deviceLevel: 2 }, /from 1 to 1/],
  ['POST', 'draft', { name: 'nothing', topic: 'a', payload: '1' }, /^A profile is named/],
] as const) {
  test(`${method} ${path} ${JSON.stringify(body)} says what is wrong`, async (t) => {
    const { ask } = await apiIn(tempDir(t));
    const answer = await ask(method, path, body);
    assert.equal(answer.statusCode, 400);
    assert.match(answer.json().detail, detail);
  });
}

test('of a text in which everything is wrong no more is told than anybody reads', async (t) => {
  const { ask } = await apiIn(tempDir(t));
  const text = '- : : x\n'.repeat(5_000);
  const { faults } = (await ask('POST', 'preview', { text })).json();
  assert.equal(faults.length, 100);
});

test('only administrators make profiles', async (t) => {
  const { ask } = await apiIn(tempDir(t));
  const elsewhere = { origin: 'https://elsewhere.example' };
  for (const [method, path] of [
    ['POST', 'preview'],
    ['POST', 'draft'],
    ['PUT', 'a/b'],
    ['DELETE', 'a/b'],
  ] as const) {
    assert.equal((await ask(method, path, { text: '' }, elsewhere)).statusCode, 401);
  }
});
