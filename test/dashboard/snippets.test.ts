import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type SnippetName, snippet, snippetNames } from '../../src/dashboard/pages/first-run/snippets.ts';
import { strengthOf } from '../../src/dashboard/pages/first-run/strength.ts';

const target = {
  ...{ host: '192.0.2.7', port: 1883, isTls: false, topic: 'sensors/a b/temperature' },
  ...{ user: 'it\'s "me"', password: 'a$b `c` \\d' },
};

test('each snippet has what a sensor needs, and none is broken by what is in it', () => {
  for (const name of Object.keys(snippetNames) as SnippetName[]) {
    const text = snippet(name, target);
    assert.ok(text.includes('192.0.2.7') && text.includes('1883'), name);
    const open = snippet(name, { ...target, user: undefined, password: undefined });
    assert.doesNotMatch(open, /undefined|me"/, name);
  }
  // The shell itself says what it makes of the line.
  const line = snippet('mosquitto', target).replace('mosquitto_pub', 'printf "%s\\n"');
  const words = spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stdout.split('\n');
  for (const word of [target.user, target.password, target.topic, '21.5']) assert.ok(words.includes(word), word);
  assert.equal(parse(snippet('esphome', target)).mqtt.password, target.password);
  assert.equal(parse(snippet('zigbee2mqtt', target)).mqtt.server, 'mqtt://192.0.2.7:1883');
  assert.equal(JSON.parse(snippet('shelly', target)).params.config.user, target.user);
});

test('how hard a password is to guess', () => {
  const rows: [password: string, word: string][] = [
    ['short', 'short'],
    ['aaaaaaaaaaaa', 'weak'],
    ['sensorsensor', 'weak'],
    ['Sensor-4711!', 'good'],
    ['a long sentence about barns', 'strong'],
    ['密码密码密码密码密码', 'weak'],
  ];
  for (const [password, word] of rows) assert.equal(strengthOf(password).word, word, password);
});
