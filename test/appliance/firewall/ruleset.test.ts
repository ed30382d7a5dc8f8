import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Door, doorsOf } from '../../../src/appliance/firewall/doors.ts';
import { rulesetText } from '../../../src/appliance/firewall/ruleset.ts';
import { main } from '../../../src/cli/main.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { searchPath } from '../../system-programs.ts';
import { basePath } from '../settings/site.ts';

const told = ({ what, port, to, address, family }: Door) =>
  [what, port, ...(to === undefined ? [] : ['to', to]), address ?? family].filter(Boolean).join(' ');

const doors = (file: string | undefined, ...settings: string[]) => doorsOf(loadConfig({ file, settings })).map(told);

test('what is open is what is configured to be, and nothing that listens on this machine alone', () => {
  const appliance = ['mqtt 1883', 'mqtt.tls 8883', 'http 8080', 'http 443 to 8080', 'http.tls.redirectPort 80 to 8081'];
  const rows: [what: string, found: string[], expected: string[]][] = [
    ['the defaults', doors(undefined), []],
    ['an appliance', doors(basePath), appliance],
    ['another MQTT port', doors(basePath, 'mqtt.port=2883'), ['mqtt 2883', ...appliance.slice(1)]],
    [
      'MQTT here alone, over TLS for others',
      doors(basePath, 'mqtt.host=127.0.0.1', 'mqtt.tls.host=::'),
      appliance.slice(1),
    ],
    ['gRPC on one address', doors(basePath, 'grpc.host=192.168.1.7'), [...appliance, 'grpc 50051 192.168.1.7']],
    ['IPv4 alone', doors(undefined, 'mqtt.host=0.0.0.0'), ['mqtt 1883 ipv4']],
    ['IPv4 in other words', doors(undefined, 'mqtt.host=::ffff:10.0.0.1'), ['mqtt 1883 10.0.0.1']],
    ['an interface’s own address', doors(undefined, 'mqtt.host=fe80::1%eth0'), ['mqtt 1883 fe80::1']],
    ['a name', doors(undefined, 'mqtt.host=gate.lan', 'grpc.host=localhost'), ['mqtt 1883']],
    ['any free port', doors(undefined, 'mqtt.host=::', 'mqtt.port=0'), []],
    ['no TLS', doors(basePath, 'http.tls.enabled=false'), appliance.slice(0, 4)],
    ['the embedded collector', doors(undefined, 'collector.host=::'), ['collector 50052']],
    ['a collector elsewhere', doors(undefined, 'collector.host=::', 'uplink.url=http://a:1'), []],
    [
      'both',
      doors(undefined, 'collector.host=::', 'uplink.url=http://a:1', 'collector.enabled=true'),
      ['collector 50052'],
    ],
  ];
  for (const [what, found, expected] of rows) assert.deepEqual(found, expected, what);
});

test('nftables takes whatever comes of it', () => {
  const all: Door[] = [
    { what: 'a', port: 1 },
    { what: 'b', port: 2, to: 3 },
    { what: 'c', port: 4, family: 'ipv4' },
    { what: 'd', port: 5, to: 6, family: 'ipv6' },
    { what: 'e', port: 7, address: '10.0.0.1', family: 'ipv4' },
    { what: 'f', port: 8, to: 9, address: '10.0.0.1', family: 'ipv4' },
    { what: 'g', port: 10, address: 'fe80::1', family: 'ipv6' },
    { what: 'h', port: 11, to: 12, address: 'fe80::1', family: 'ipv6' },
  ];
  for (const [open, hasSsh] of [
    [all, true],
    [[], false],
  ] as const) {
    // Twice: what is there is replaced, not added to.
    const input = `${rulesetText(open, hasSsh)}${rulesetText(open, hasSsh)}`;
    const { status, stderr } = spawnSync('unshare', ['--net', 'nft', '-c', '-f', '-'], {
      input,
      encoding: 'utf8',
      env: { PATH: searchPath() },
    });
    assert.equal(status, 0, stderr);
  }
});

test('a machine whose settings are not read yet has nothing open', () => {
  const path = join(import.meta.dirname, '../../../deploy/image/root/etc/nftables.conf');
  const text = readFileSync(path, 'utf8');
  assert.equal(text.slice(text.indexOf('table inet')), rulesetText([], false));
});

test('`appliance firewall --print` tells on any machine, and does nothing on one that is no appliance', async () => {
  const said: string[] = [];
  const terminal = { out: (text: string) => said.push(text), err: (text: string) => said.push(text), environment: {} };
  assert.equal(await main(['appliance', 'firewall', '--print', '--config', basePath], terminal), 0);
  assert.match(said.join('\n'), /tcp dport 443 redirect to :8080 comment "http"/);
  said.length = 0;
  assert.notEqual(await main(['appliance', 'firewall', '--config', basePath], terminal), 0);
  assert.match(said.join('\n'), /does not run from the Headgate image/);
});
