import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hiderFor, shownLines } from '../../../src/cli/startup/shown.ts';

test('of a configuration file only values of known keys that hold no secret are shown', () => {
  const rows: [text: string, shown: string][] = [
    ['http:\n  port: 8080', 'http:\n  port: 8080'],
    ['http: { port: 8080, host: 0.0.0.0 }', 'http: { port: 8080, host: 0.0.0.0 }'],
    ['password: hunter2', 'password: ***'],
    ['"password": hunter2', '"password": ***'],
    ['password : hunter2', 'password : ***'],
    ['password:hunter2', 'password: ***'],
    ['  - { name: a, password: hunter2, url: x }', '  - { name: a, password: ***'],
    ['url: mqtt://joe:hunter2@host:1883', 'url: mqtt://***@host:1883'],
    ['- { url: "mqtt://joe:hunter2@host", password: x }', '- { url: "mqtt://***@host", password: ***'],
    ['url: https://collector.example.org:443', 'url: https://collector.example.org:443'],
    // Whoever knows the address of a chat's webhook may write there.
    [
      'webhook: { url: "https://chat.example.org/hooks/T0/hunter2?key=x" }',
      'webhook: { url: "https://chat.example.org/…" }',
    ],
    [
      'webhook: { url: https://chat.example.org/hooks/hunter2, timeout: 1s }',
      'webhook: { url: https://chat.example.org/…, timeout: 1s }',
    ],
    ['url: https://collector.example.org/', 'url: https://collector.example.org/'],
    // A key that was mistyped may have been meant for a secret.
    ['pasword: hunter2', 'pasword: ***'],
    ['mqtt:\n  prot: 1884', 'mqtt:\n  prot: ***'],
    // What is below a secret, also where its indentation is wrong.
    ['token: |\n  hunter2\n  hunter3\nhttp: { port: 1 }', 'token: ***\n  ***\n  ***\nhttp: { port: 1 }'],
    ['token: |\nhunter2\nport: 1', 'token: ***\n***\nport: 1'],
    ['token:\n  - hunter2', 'token:\n  ***'],
    ['token:\n- hunter2\nport: 1', 'token:\n***\nport: 1'],
    ['token:\n\n  hunter2', 'token:\n\n  ***'],
    ['token:\n  deep: hunter2\n  port: hunter3\nport: 1', 'token:\n  ***\n  ***\nport: 1'],
    // No key at all.
    ['hunter2', '***'],
    ['mqtt:\n  port 1884', 'mqtt:\n  port 1884'],
    [
      'rules:\n  - name: alarms\n    match: { topic: "alarm/#" }',
      'rules:\n  - name: alarms\n    match: { topic: "alarm/#" }',
    ],
    ['decode:\n  deviceTopics:\n    - a/{device}/#', 'decode:\n  deviceTopics:\n    - a/{device}/#'],
    ['# once it was hunter2\nport: 1 # not hunter3', '#…\nport: 1 #…'],
    ['port: 1\r\npassword: hunter2\r\n', 'port: 1\npassword: ***\n'],
  ];
  for (const [text, shown] of rows) assert.equal(shownLines(text).join('\n'), shown, text);
});

test('texts lose what was given on the command line, in variables for secrets, and in URLs', () => {
  const hide = hiderFor({
    settings: ['uplink.tokn=hunter2', 'mqtt.port=1'],
    environment: {
      HEADGATE_TOKEN: 'hunter3',
      HEADGATE_UPLINK_ENROL_TOKEN: 'hunter4',
      HEADGATE_LOG_LEVEL: 'debug',
      PATH: '/bin',
    },
  });
  const rows: [text: string, shown: string][] = [
    ['--set uplink.tokn=hunter2: There is no key', '--set uplink.tokn=***: There is no key'],
    ['it was hunter3, not hunter4', 'it was ***, not ***'],
    ['debug in /bin', 'debug in /bin'],
    ['mqtt://joe:hunter5@host', 'mqtt://***@host'],
    ['"at \\"https://h:1/hunter7\\" it"', '"at \\"https://h:1/…\\" it"'],
    ['`a.token` is "hunter\\"6", but must', '`a.token` is ***, but must'],
    ['`mqtt.port` is "x", but must', '`mqtt.port` is "x", but must'],
  ];
  for (const [text, shown] of rows) assert.equal(hide(text), shown);
});
