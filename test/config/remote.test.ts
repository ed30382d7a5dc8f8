import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadWithRemote, RemoteSettings, remotePath } from '../../src/config/remote.ts';
import { tempDir } from '../support/temp-dir.ts';

function site(t: TestContext, text = '') {
  const dataDir = tempDir(t);
  const file = join(dataDir, 'headgate.yaml');
  writeFileSync(file, text);
  const sources = { file, settings: [`dataDir=${dataDir}`, 'mqtt.port=0'] };
  let reloads = 0;
  const reload = (): void => {
    reloads++;
  };
  const settings = new RemoteSettings({ sources, running: loadWithRemote(sources).config, reload });
  const plan = (name: string, payload: string) => settings.plan({ name, payload: Buffer.from(payload) });
  const apply = (name: string, payload: string): void => {
    const planned = plan(name, payload);
    if ('reason' in planned) throw new Error(planned.reason);
    settings.apply(planned.overlay);
  };
  const names = (): string[] => loadWithRemote(sources).config.rules.map(({ name }) => name);
  return { path: remotePath(dataDir), sources, settings, plan, apply, names, reloads: () => reloads };
}

const own = 'rules:\n  - name: own\n    priority: bulk\n';

test('rules of the collector hold over those of the file, survive a restart, and can be taken back', (t) => {
  const at = site(t, own);
  at.apply('rules', '- name: far\n  match: { topic: "a/#" }\n');
  assert.deepEqual([at.names(), at.reloads()], [['far'], 1]);
  assert.match(readFileSync(at.path, 'utf8'), /^# Set while the gateway ran/);
  at.apply('config', 'rules:\n  - name: further\n');
  assert.deepEqual(at.names(), ['further']);
  at.apply('rules', '');
  assert.deepEqual([at.names(), existsSync(at.path)], [['own'], false]);
});

const reasons: readonly [name: string, payload: string, reason: RegExp][] = [
  [
    'rules',
    '- name: a\n  prioritty: bulk\n',
    /^rules:2:3: There is no key `rules\[0\]\.prioritty`; did you mean `rules\[0\]\.priority`\?$/,
  ],
  ['rules', '- name: a\n  priority: high\n', /^rules:2:13: /],
  ['rules', '- name: a\n- name: a\n', /^rules:2:\d+: /],
  ['rules', 'name: [', /^rules:1:\d+: /],
  ['rules', 'name: a', /^rules:1:1: /],
  ['rules', '\xff\xfe', /^rules:1:1: /],
  ['config', 'rules: 7\n', /^config:1:8: /],
  ['config', 'mqtt:\n  prot: 1\n', /^config:2:3: .*did you mean/],
  ['config', 'mqtt: { port: 99, maxSessions: 7 }\nrules: []\n', /^`mqtt\.port`, `mqtt\.maxSessions`: needs a restart/],
  ['config', 'dataDir: /elsewhere\n', /^`dataDir`: needs a restart/],
  ['reboot', '', /^a gateway takes the commands `rules` and `config`, not `reboot`$/],
];

for (const [name, payload, reason] of reasons) {
  test(`${name} ${JSON.stringify(payload)} is refused, and changes nothing`, (t) => {
    const at = site(t, own);
    const planned = at.plan(name, payload);
    assert.match('reason' in planned ? planned.reason : 'no reason', reason);
    assert.deepEqual([at.names(), existsSync(at.path)], [['own'], false]);
  });
}

test('bytes that are no text are refused', (t) => {
  const planned = site(t).settings.plan({ name: 'rules', payload: Uint8Array.of(0xff, 0xfe) });
  assert.deepEqual(planned, { reason: 'the rules are not UTF-8 text' });
});

test('of a piece of configuration only what holds at once is kept: the rest would hold over the file later', (t) => {
  const at = site(t, own);
  at.apply('config', 'rules: [{ name: far }]\nhttp: { port: 8080 }\n');
  assert.doesNotMatch(readFileSync(at.path, 'utf8'), /http/);
  assert.deepEqual(at.names(), ['far']);
});

test('what the collector has set and this release does not understand is left out and told', (t) => {
  const at = site(t, own);
  writeFileSync(at.path, 'rules:\n  - name: far\n    colour: red\n');
  const { config, problem, remoteFile } = loadWithRemote(at.sources);
  assert.deepEqual([config.rules.map(({ name }) => name), remoteFile], [['own'], at.path]);
  assert.match(problem!, /remote\.yaml:3:5: There is no key/);
});

test('what somebody does to the file by hand counts once it is looked at again', (t) => {
  const at = site(t, own);
  at.apply('rules', '- name: far\n');
  rmSync(at.path);
  at.settings.refresh();
  assert.equal(at.settings.overlay(), '');
});
