import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-profile-'));
  mkdirSync(join(folder, 'acme'));
});
after(() => rmSync(folder, { recursive: true }));

async function headgate(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, { out: (text) => out.push(text), err: (text) => err.push(text), environment: {} });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** Real messages, as people would capture them. */
const captured: readonly (readonly [topic: string, ...payload: string[]])[] = [
  [
    'site/kitchen-17/state',
    '--payload',
    '{"ts":1763836513,"temperature":21.5,"hum":40,"id":"x","v":"12","n":{"on":true}}',
  ],
  ['sensors/kitchen/temperature', '--payload', '21.5'],
  ['door/front', '--payload', 'open'],
  ['door/front', '--payload', '007'],
  ['meter/1', '--payload', '{"count":9007199254740993}'],
];

test('a drafted profile is right, and its example becomes what it says', async () => {
  for (const [topic, ...payload] of captured) {
    const { code, out } = await headgate('profile', 'new', 'acme/draft', '--topic', topic, ...payload);
    assert.equal(code, 0);
    const file = join(folder, 'acme', 'draft.yaml');
    writeFileSync(file, out);
    const tested = await headgate('profile', 'test', file);
    assert.deepEqual([tested.code, tested.out], [0, '1 profile, 1 example: all are right.'], out);
  }
});

test('profiles lie in a directory and its folders: what is deeper or hidden is not read', async () => {
  const among = join(folder, 'among');
  const text = `name: X
version: 1
messages: [{ match: { topic: "a/{device}" } }]
examples: [{ source: this test, topic: a/b, payload: '{"t":1}', gives: { t: 1 } }]
`;
  for (const path of [
    'own.yaml',
    'acme/x.yml',
    'acme/.x.yaml.swp.yaml',
    '.git/x.yaml',
    'node_modules/package/x.yaml',
  ]) {
    mkdirSync(dirname(join(among, path)), { recursive: true });
    writeFileSync(join(among, path), path.startsWith('own') || path.endsWith('x.yml') ? text : 'on: push');
  }
  mkdirSync(join(among, 'linked'));
  symlinkSync(join(among, 'own.yaml'), join(among, 'linked', 'x.yaml'));
  symlinkSync(join(among, 'gone'), join(among, 'linked', 'gone.yaml'));
  const { code, out } = await headgate('profile', 'test', among);
  assert.deepEqual([code, out], [0, '3 profiles, 3 examples: all are right.']);
});

test('profile test: a mistake and an example that is not so have their place', async () => {
  const file = join(folder, 'acme', 'th.yaml');
  const text = `name: TH
version: 1
messages:
  - match: { topic: "a/{device}" }
    fields: [{ path: t, unit: Cel }]
examples:
  - about: Warm
    source: mine
    topic: a/b
    payload: '{"t":21.5}'
    gives: { t: 22 Cel }
`;
  writeFileSync(file, text);
  const failing = await headgate('profile', 'test', file);
  assert.equal(failing.code, 1);
  assert.match(failing.out, /acme\/th\.yaml:7:5: example 1 \(Warm\): t is 21\.5 Cel, not 22 Cel\.$/);
  writeFileSync(file, text.replace('Cel }]', 'Cle }]'));
  const wrong = await headgate('profile', 'test', file);
  assert.equal(wrong.code, 78);
  assert.match(wrong.out, /acme\/th\.yaml:5:31: .* did you mean `Cel`\?$/);
  const checked = await headgate('check', '--set', `decode.profileDirs=${folder}`);
  assert.equal(checked.code, 78);
  assert.match(checked.out, /acme\/th\.yaml:5:31: .* did you mean `Cel`\?$/);
  const nowhere = await headgate('profile', 'test', join(folder, 'nothing'));
  assert.equal(nowhere.code, 78);
  rmSync(file);
});

test('profile list, and profiles of people’s own', async () => {
  const { out } = await headgate('profile', 'list', '--json');
  const names = JSON.parse(out).map(({ name }: { name: string }) => name);
  assert.ok(names.includes('tasmota/tasmota'));
  const own = await headgate('profile', 'list', '--set', `decode.profileDirs=${folder}`);
  assert.match(own.out, /^acme\/draft +acme draft$/m);
});

test('decode: by the profile that is recognised, or by a given one, and what came over a serial port', async () => {
  const sensor = '{"Time":"2017-02-16T10:13:52", "DS18B20":{"Temperature":20.6}}';
  const found = JSON.parse((await headgate('decode', '--topic', 'tele/k/SENSOR', '--payload', sensor)).out);
  assert.equal(found.profile, 'tasmota/tasmota');
  assert.deepEqual(found.measurements, [
    {
      deviceId: 'tasmota:k',
      fields: [{ name: 'DS18B20.Temperature', value: 20.6, unit: 'Cel', symbol: '°C' }],
    },
  ]);
  const bytes = 'aac08c009400bcf9d5ab 0001 aac08c009400bcf9d6ab';
  const stream = JSON.parse((await headgate('decode', '--serial', 'nova/sds011', '--payload-hex', bytes)).out);
  assert.equal(stream.messages.length, 1);
  assert.ok(stream.discarded.length > 0);
  const typo = await headgate('decode', '--topic', 'a', '--payload', '1', '--profile', 'tasmota/tasmotta');
  assert.equal(typo.code, 2);
  assert.match(typo.err, /did you mean tasmota\/tasmota\?/);
});
