import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readSettings } from '../../../src/appliance/settings/given.ts';
import { keyFault } from '../../../src/appliance/settings/machine-faults.ts';
import { type Settings, settingsOptions } from '../../../src/appliance/settings/options.ts';
import { knownKeywords, type SchemaNode } from '../../../src/lib/settings/schema-node.ts';
import { judge, key } from './site.ts';

const read = (text: string) => {
  const { settings, troubles } = readSettings(text, 'headgate.yaml', judge);
  return { settings, lines: troubles.map((one) => one.text) };
};

test('the schema that is loaded is the one that is written, and says nothing that nobody reads', () => {
  const path = join(import.meta.dirname, '../../../src/appliance/settings/schema.json');
  assert.equal(readFileSync(path, 'utf8'), `${JSON.stringify(settingsOptions, undefined, 2)}\n`, 'npm run generate');
  const look = (node: SchemaNode): void => {
    for (const word of Object.keys(node)) assert.ok(knownKeywords.has(word), word);
    for (const child of [...Object.values(node.properties ?? {}), ...(node.items ? [node.items] : [])]) look(child);
  };
  look(JSON.parse(JSON.stringify(settingsOptions)) as SchemaNode);
});

test('all that can be set', () => {
  const { settings, lines } = read(`
machine:
  hostname: greenhouse-7
  timezone: Europe/Berlin
  network: { interface: eth0, address: 192.168.1.10/24, gateway: 192.168.1.1 }
  ntp: ntp.example.org
  wifi: { country: de, ssid: Workshop, password: correct horse }
  ssh: { authorizedKeys: ${key} }
admin: { passwordHash: "$scrypt$ln=14,r=8,p=5$aaaaaaaaaaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }
credentials: { enrol-token: "abc" }
gateway:
  uplink: { url: "https://collector.example.org:50052", enrol: { tokenFile: credential:own_enrol-token } }
  buffer: { maxBytes: 2GB }
`);
  assert.deepEqual(lines, []);
  assert.deepEqual(settings.machine?.network, [
    { interface: 'eth0', address: ['192.168.1.10/24'], gateway: ['192.168.1.1'] },
  ]);
  assert.deepEqual(settings.machine?.ssh?.authorizedKeys, [key]);
  // As it was written: the gateway reads it itself.
  assert.deepEqual(settings.gateway?.buffer, { maxBytes: '2GB' });
});

test('what is wrong is told by its place, and what is right holds', () => {
  const rows: [what: string, text: string, lines: RegExp[], holds: Partial<Settings>][] = [
    ['nothing', '', [], {}],
    ['comments alone', '# machine:\n#   hostname: x\n', [], {}],
    ['sections without keys', 'machine:\nadmin:\ngateway:\n', [], { machine: {}, admin: {} }],
    [
      'a misspelt key beside a right one',
      'machine:\n  hostnam: a\n  timezone: UTC\n',
      [/^headgate\.yaml:2:3: There is no key `machine\.hostnam`; did you mean `machine\.hostname`\?$/],
      { machine: { timezone: 'UTC' } },
    ],
    [
      'a host name that is none',
      'machine: { hostname: "a b", timezone: UTC }',
      [/^headgate\.yaml:1:22: `machine\.hostname` is "a b", but must be text like greenhouse-7\.$/],
      { machine: { timezone: 'UTC' } },
    ],
    [
      'a time zone that is none',
      'machine:\n  timezone: Europe/Berln\n  hostname: a\n',
      [/^headgate\.yaml:2:13: `machine\.timezone` is Europe\/Berln, which is no time zone/],
      { machine: { hostname: 'a' } },
    ],
    [
      'one address of two',
      'machine:\n  network:\n    - { interface: eth0, address: [10.0.0.1/24, 10.0.0.300/24], dns: [1.1.1.1, x] }\n',
      [/:3:49: `machine\.network\[0\]\.address\[1\]` is 10\.0\.0\.300\/24/, /`machine\.network\[0\]\.dns\[1\]` is x/],
      { machine: { network: [] } },
    ],
    [
      'one key of two',
      `machine:\n  ssh:\n    authorizedKeys:\n      - ${key}\n      - ssh-ed25519 AAAA\n`,
      [/^headgate\.yaml:5:9: `machine\.ssh\.authorizedKeys\[1\]` is not a whole public key/],
      { machine: { ssh: { authorizedKeys: [key] } } },
    ],
    [
      'a user of the system',
      `machine: { ssh: { user: root, authorizedKeys: ${key} } }`,
      [/`machine\.ssh\.user` is root, which is a user of the system/],
      { machine: { ssh: { authorizedKeys: [key] } } },
    ],
    [
      'a short Wi-Fi password, not shown',
      'machine: { wifi: { ssid: a, password: short } }',
      [/`machine\.wifi\.password` is not shown here, but must be text of 8 to 63 characters/],
      { machine: { wifi: { ssid: 'a' } } },
    ],
    [
      'a credential with a path for a name',
      'credentials: { ../x: secret }',
      [/`credentials\.\.\.\/x` has a name that can't be one of a file/],
      { credentials: {} },
    ],
    [
      'a key of the gateway',
      'gateway:\n  mqtt: { prot: 1884 }\n  http: { port: 8443 }\n',
      [/^headgate\.yaml:2:11: There is no key `gateway\.mqtt\.prot`; did you mean `gateway\.mqtt\.port`/],
      { gateway: { mqtt: {}, http: { port: 8443 } } },
    ],
    [
      'the data directory',
      'gateway: { dataDir: /tmp, http: { port: 8443 } }',
      [/^headgate\.yaml:1:12: `gateway\.dataDir` can't be set/],
      { gateway: { http: { port: 8443 } } },
    ],
    [
      'a rule that contradicts itself, and keys beside it',
      'gateway:\n  rules: [{ name: a, match: { topic: "a/#/b" } }]\n  http: { port: 8443 }\n',
      [/^headgate\.yaml:2:\d+: /],
      { gateway: { http: { port: 8443 } } },
    ],
    [
      'a list',
      '- a\n- b\n',
      [/^headgate\.yaml:1:1: The file is \["a","b"\], but must hold keys such as machine, admin/],
      {},
    ],
    [
      'what holds itself',
      'machine: &a\n  wifi: [*a]\n',
      [/^headgate\.yaml:2:10: This reference .* without end\.$/],
      {},
    ],
    ['what holds itself, and is cut off', 'machine: &a\n  wifi: [*a', [/^headgate\.yaml:2:12: /], {}],
    [
      'a line that is no YAML, beside some that are',
      'machine:\n  hostname: a\n  timezone: "UTC\n  x\n',
      [/^headgate\.yaml:\d+:\d+: /],
      { machine: { hostname: 'a' } },
    ],
  ];
  for (const [what, text, expected, holds] of rows) {
    const { settings, lines } = read(text);
    assert.equal(lines.length, expected.length, `${what}: ${lines.join('\n')}`);
    for (const [index, one] of expected.entries()) assert.match(lines[index] ?? '', one, what);
    for (const [part, value] of Object.entries(holds)) assert.deepEqual(settings[part as keyof Settings], value, what);
  }
});

test('whatever stands there, something comes of it', () => {
  const words = ['machine:', '  wifi:', '    ssid: ', '[', '{', '"', '&a ', '*a', '- ', 'gateway:', '  rules: '];
  const others = ['\n', '\t', 'null', '~', ': ', '#', '\0', 'é', '? ', '!!int ', '<<: '];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words, ...others), { maxLength: 40 }), (parts) => {
      const { settings } = read(parts.join(''));
      assert.equal(typeof settings, 'object');
    }),
    { numRuns: 300 },
  );
});

test('which public keys are whole', () => {
  const rows: [line: string, fault: RegExp | undefined][] = [
    [key, undefined],
    [key.replace(' ada@desk', ''), undefined],
    [key.slice(0, 60), /not a whole public key/],
    [`command="x" ${key}`, /no public key that is taken/],
    ['-----BEGIN OPENSSH PRIVATE KEY-----', /is a private key/],
    [`${key}\nssh-rsa x`, /more than one line/],
    [key.replace('ssh-ed25519', 'ssh-rsa'), /not a whole public key/],
    ['ssh-dss AAAAB3NzaC1kc3M', /no public key that is taken/],
  ];
  for (const [line, fault] of rows) {
    if (fault === undefined) assert.equal(keyFault(line), undefined, line);
    else assert.match(keyFault(line) ?? '', fault, line);
  }
});

test('the file of the image sets nothing, and is right with every # taken away', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../deploy/image/boot/headgate.yaml'), 'utf8');
  assert.deepEqual(read(text), { settings: { machine: {}, admin: {}, credentials: {}, gateway: {} }, lines: [] });
  const shown = text
    .replaceAll(/^( *)#(?! )(?=\S)/gm, '$1')
    .replaceAll(/^( *)#(?= {2})/gm, '$1')
    .replace('ssh-ed25519 AAAA... you@desk', key)
    .replace('p=5$...', `p=5$${'a'.repeat(22)}$${'b'.repeat(43)}`);
  const { settings, lines } = read(shown);
  assert.deepEqual(lines, []);
  assert.deepEqual(Object.keys(settings.machine ?? {}).sort(), [
    'hostname',
    'network',
    'ntp',
    'ssh',
    'timezone',
    'wifi',
  ]);
  assert.deepEqual(Object.keys(settings.gateway ?? {}), ['uplink']);
});
